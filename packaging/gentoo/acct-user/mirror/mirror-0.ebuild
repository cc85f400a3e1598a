# Copyright 2026 The mirrorctl project
# Distributed under the terms of the Apache License, version 2.0

EAPI=8

inherit acct-user

DESCRIPTION="Owner of mirrors, and the account of build servers that upload"

ACCT_USER_ID=-1
ACCT_USER_GROUPS=( mirror )
ACCT_USER_HOME=/var/lib/mirror
ACCT_USER_SHELL=/bin/sh

acct-user_add_deps

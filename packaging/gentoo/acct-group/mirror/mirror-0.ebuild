# Copyright 2026 The mirrorctl project
# Distributed under the terms of the Apache License, version 2.0

EAPI=8

inherit acct-group

DESCRIPTION="Group of the owner of mirrors"

ACCT_GROUP_ID=-1

# Copyright 2026 The mirrorctl project
# Distributed under the terms of the Apache License, version 2.0

EAPI=8

DESCRIPTION="Build and maintain a mirror of Linux stage tarballs (built on Debian)"
HOMEPAGE="https://mirrorctl.example.org/"
SRC_URI="https://mirrorctl.example.org/releases/mirrorctl-${PV}-linux-x86_64.tar.xz"
S="${WORKDIR}/mirrorctl-${PV}"

LICENSE="Apache-2.0"
SLOT="0"
KEYWORDS="-* ~amd64"
RESTRICT="mirror strip"

# The slots are the names of libraries in Debian 12.
RDEPEND="
	acct-group/mirror
	acct-user/mirror
	app-arch/libarchive:0/13
	app-arch/libdeflate
	app-arch/xz-utils
	app-arch/zstd
	dev-db/sqlite:3
	dev-libs/libxml2:2/2
	dev-libs/openssl:0/3
	>=sys-libs/glibc-2.36
	sys-libs/libseccomp
	virtual/zlib
	!app-admin/mirrorctl
"

QA_PREBUILT="usr/bin/mirrorctl"

src_install() {
	insinto /
	doins -r etc usr
	fperms +x /usr/bin/mirrorctl
	# The users of Gentoo are packages.
	rm -r "${ED}"/usr/lib/sysusers.d || die
	mv "${ED}"/usr/share/doc/{mirrorctl,${PF}} || die
	# The README links to other pages by their names.
	docompress -x /usr/share/doc/${PF}
}

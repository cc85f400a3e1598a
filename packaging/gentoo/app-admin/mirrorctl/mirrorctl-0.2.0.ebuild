# Copyright 2026 The mirrorctl project
# Distributed under the terms of the Apache License, version 2.0

EAPI=8

DESCRIPTION="Build and maintain a mirror of Linux stage tarballs"
HOMEPAGE="https://mirrorctl.example.org/"
SRC_URI="
	https://mirrorctl.example.org/releases/${P}.tar.xz
	https://mirrorctl.example.org/releases/${P}-vendor.tar.xz
"

LICENSE="Apache-2.0"
SLOT="0"
KEYWORDS="~amd64 ~arm64"
RESTRICT="mirror test"

RDEPEND="
	acct-group/mirror
	acct-user/mirror
	app-arch/libarchive:=
	app-arch/libdeflate:=
	app-arch/xz-utils
	app-arch/zstd:=
	dev-db/sqlite:3
	dev-libs/libxml2:=
	dev-libs/openssl:=
	sys-libs/libseccomp
	virtual/zlib:=
	!app-admin/mirrorctl-bin
"
DEPEND="${RDEPEND}"
BDEPEND="
	>=dev-lang/swift-6.2
	virtual/pkgconfig
"

# The compiler of Swift does not know CFLAGS.
QA_FLAGS_IGNORED="usr/bin/mirrorctl"

src_compile() {
	# The packages in vendor replace those of the network.
	emake build DEPENDENCIES=: SWIFT="swift" SWIFTFLAGS="--cache-path ${T}/swiftpm --disable-automatic-resolution"
}

src_install() {
	emake install DESTDIR="${D}" PREFIX="${EPREFIX}/usr" SYSCONFDIR="${EPREFIX}/etc" \
		UNITDIR="${EPREFIX}/usr/lib/systemd/system" DOC="${EPREFIX}/usr/share/doc/${PF}"
	# The users of Gentoo are packages.
	rm -r "${ED}"/usr/lib/sysusers.d || die
	# The README links to other pages by their names.
	docompress -x /usr/share/doc/${PF}
}

EAPI=8

DESCRIPTION="A program in C"
SLOT="0"
KEYWORDS="amd64 arm64"
IUSE="foo nls"
S="${WORKDIR}"

src_compile() {
	cc -o hello "${FILESDIR}/hello.c" || die
}

src_install() {
	dobin hello
}

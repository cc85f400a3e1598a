EAPI=8

DESCRIPTION="A program that no compiler takes"
SLOT="0"
KEYWORDS="amd64 arm64"
S="${WORKDIR}"

src_compile() {
	cc -o broken "${FILESDIR}/broken.c" || die "this was to be expected"
}

EAPI=8

DESCRIPTION="The C library's list of locales"
SLOT="0"
KEYWORDS="amd64 arm64"
S="${WORKDIR}"

src_install() {
	insinto /etc
	newins - locale.gen <<< "# en_US.UTF-8 UTF-8"
}

EAPI=8

DESCRIPTION="Needs sys-libs/pam to be built"
S="${WORKDIR}"
SLOT="0"
KEYWORDS="amd64 arm64"
IUSE="pam"
DEPEND="pam? ( sys-libs/pam )"
RDEPEND="${DEPEND}"

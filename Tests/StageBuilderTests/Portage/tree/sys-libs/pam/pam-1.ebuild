EAPI=8

DESCRIPTION="Needs sys-apps/systemd to be built"
S="${WORKDIR}"
SLOT="0"
KEYWORDS="amd64 arm64"
IUSE="systemd"
DEPEND="systemd? ( sys-apps/systemd )"
RDEPEND="${DEPEND}"

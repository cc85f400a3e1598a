EAPI=8

DESCRIPTION="Has dracut make an initramfs"
SLOT="0"
KEYWORDS="amd64 arm64"
IUSE="dracut"
RDEPEND="dracut? ( sys-kernel/dracut )"
S="${WORKDIR}"

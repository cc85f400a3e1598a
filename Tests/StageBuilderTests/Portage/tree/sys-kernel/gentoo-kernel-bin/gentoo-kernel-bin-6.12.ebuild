EAPI=8

DESCRIPTION="A kernel without code"
SLOT="6.12"
KEYWORDS="amd64 arm64"
RDEPEND="sys-kernel/installkernel"
S="${WORKDIR}"

src_install() {
	insinto /lib/modules/6.12
	newins - modules.dep <<< ""
	insinto /boot
	newins - vmlinuz-6.12 <<< ""
}

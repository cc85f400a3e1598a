EAPI=8

DESCRIPTION="A part of the system that not everybody wants"
SLOT="0"
KEYWORDS="amd64 arm64"
S="${WORKDIR}"

src_install() {
	newbin - unwanted <<< "#!/bin/sh"
}

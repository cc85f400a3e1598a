EAPI=8

DESCRIPTION="Something more"
SLOT="0"
KEYWORDS="amd64 arm64"
S="${WORKDIR}"

src_install() {
	newbin - extra <<< "#!/bin/sh"
}

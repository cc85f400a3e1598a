EAPI=8

DESCRIPTION="What only the build needs"
SLOT="0"
KEYWORDS="amd64 arm64"
S="${WORKDIR}"

src_install() {
	newbin - tool <<< "#!/bin/sh"
}

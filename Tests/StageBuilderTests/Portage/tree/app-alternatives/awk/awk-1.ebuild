EAPI=8

DESCRIPTION="A choice, of which -* leaves none"
SLOT="0"
KEYWORDS="amd64 arm64"
IUSE="+gawk mawk"
REQUIRED_USE="^^ ( gawk mawk )"
S="${WORKDIR}"

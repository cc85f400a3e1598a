EAPI=8

DESCRIPTION="Prints the hosts that it would use, instead of using them"
SLOT="0"
KEYWORDS="amd64 arm64"
S="${WORKDIR}"

src_install() {
	exeinto /usr/lib/distcc/bin
	newexe - cc <<- 'END'
		#!/bin/sh
		echo "distcc would use $DISTCC_HOSTS" >&2
		exec /usr/bin/cc "$@"
	END
}

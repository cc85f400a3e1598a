EAPI=8

DESCRIPTION="Counts compilers that it is called as, instead of caching what they make"
SLOT="0"
KEYWORDS="amd64 arm64"
S="${WORKDIR}"

src_install() {
	exeinto /usr/lib/ccache/bin
	newexe - cc <<- 'END'
		#!/bin/sh
		echo "$CCACHE_MAXSIZE" >> "$CCACHE_DIR/calls" || exit 1
		exec /usr/bin/cc "$@"
	END
}

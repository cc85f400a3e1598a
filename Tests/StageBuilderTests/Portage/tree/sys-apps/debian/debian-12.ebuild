EAPI=8

DESCRIPTION="All that this root is made of: copied into another one, it can run Portage too"
SLOT="0"
KEYWORDS="amd64 arm64"
RDEPEND="app-alternatives/awk sys-apps/baselayout virtual/libc"
S="${WORKDIR}"

src_install() {
	insinto /usr/share/debian-root
	newins - version <<< "${PV}"
}

# Not by way of the image: Portage takes long over thousands of files.
pkg_postinst() {
	[[ -z ${EROOT} ]] && return
	einfo "Copying this root to ${EROOT}"
	# But what other packages own.
	local -a owned=(etc/env.d etc/locale.gen etc/portage usr/share/baselayout usr/bin/hello usr/bin/unwanted usr/bin/extra)
	tar -C / --one-file-system "${owned[@]/#/--exclude=}" -cf - etc usr |
		tar -C "${EROOT}" --skip-old-files -xpf - || die "cannot copy this root"
}

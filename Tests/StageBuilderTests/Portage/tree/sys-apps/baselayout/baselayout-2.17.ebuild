EAPI=8

DESCRIPTION="The directories of a root, and its first accounts"
SLOT="0"
KEYWORDS="amd64 arm64"
IUSE="build"
S="${WORKDIR}"

# Before the package's own files, as these stand below the links.
pkg_preinst() {
	local name
	for name in bin sbin lib lib64; do
		mkdir -p "${EROOT}/usr/${name}" || die
		[[ -e ${EROOT}/${name} ]] || ln -s "usr/${name}" "${EROOT}/${name}" || die
	done
	mkdir -p "${EROOT}/tmp" "${EROOT}/var/tmp" || die
	chmod 1777 "${EROOT}/tmp" "${EROOT}/var/tmp" || die
}

src_install() {
	keepdir /etc /home /mnt /opt /srv /var/log
	diropts -m0700
	keepdir /root
	diropts -m0755
	insinto /usr/share/baselayout
	printf '%s\n' 'root:x:0:0:root:/root:/bin/bash' 'nobody:x:65534:65534:nobody:/:/usr/sbin/nologin' \
		'portage:x:250:250:portage:/var/lib/portage/home:/usr/sbin/nologin' > passwd || die
	printf '%s\n' 'root:x:0:' 'tty:x:5:' 'nogroup:x:65534:' 'portage:x:250:portage' > group || die
	printf '%s\n' 'root:*:20000::::::' 'nobody:*:20000::::::' 'portage:*:20000::::::' > shadow || die
	doins passwd group shadow
	printf '127.0.0.1 localhost of-the-package\n' > hosts || die
	insinto /etc
	doins hosts
}

pkg_postinst() {
	local name
	for name in passwd group shadow; do
		[[ -e ${EROOT}/etc/${name} ]] && continue
		cp "${EROOT}/usr/share/baselayout/${name}" "${EROOT}/etc/${name}" || die
		chmod 0644 "${EROOT}/etc/${name}" || die
	done
	chmod 0640 "${EROOT}/etc/shadow" || die
}

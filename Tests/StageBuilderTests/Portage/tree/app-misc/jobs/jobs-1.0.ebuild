EAPI=8

DESCRIPTION="Many small jobs, which count how many of them run at once"
SLOT="0"
KEYWORDS="amd64 arm64"
S="${WORKDIR}"

pkg_setup() {
	COUNTS=$(mktemp -d "${PORTAGE_ACTUAL_DISTDIR}/jobs.XXXXXX") || die
	chmod 0777 "${COUNTS}" || die
}

src_compile() {
	local job
	{
		echo 'rule job'
		echo "  command = cd ${COUNTS}; mkdir run.\$out; ls -d run.* | wc -l >> own; ls -d ../jobs.*/run.* | wc -l >> all; sleep 0.2; rmdir run.\$out; : > ${WORKDIR}/\$out"
		for job in {1..16}; do
			echo "build ${job}: job"
		done
	} > build.ninja
	# As ninja-utils.eclass calls it.
	local -a options=()
	[[ ${MAKEFLAGS} = *--jobserver-auth=* ]] || options=(${MAKEOPTS})
	ninja "${options[@]}" || die
}

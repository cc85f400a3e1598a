#!/usr/bin/env bash
# Measures the time that a build takes in addition to its steps: see --help.
set -euo pipefail

usage() {
    cat <<'END'
usage: build.sh [--small] [--runs N] [--work DIR] [MIRRORCTL]

Builds snapshot, stage1 and stage3 from a seed with one static program (busybox), using steps that take no time. Prints
the median of the runs (20) in seconds. Tarballs are not compressed, to exclude compression from the measurement.
END
}

# shellcheck source=Benchmarks/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
option[runs]=20
read_options "$@"
[[ -z $small ]] || runs=2
set_up
repository=$(realpath "$here/..")

"$repository/Tests/StageBuilderTests/Portage/make-busybox-seed" "$work"
mv "$work/busybox-seed.tar" "$work/stage3-generic_64-2026-11-01.tar"
mkdir -p "$work/tree/profiles" "$work/mirror"
echo bench >"$work/tree/profiles/repo_name"
cat >"$work/conf" <<END
[section path]
install: $repository/Tests/StageBuilderTests/Specs/trivial
specs: $repository/Sources/StageBuilder/Specs
tmp: $work/tmp
[section path/mirror]
: $work/mirror
[section capture]
compress: later
[section snapshot/source]
remote: $work/tree
[collect \$[path/install]/etc/master.conf]
END
export MIRRORCTL_CONFIG=$work/conf
subarch=(bench x86-64bit generic_64)
"$mirrorctl" init "${subarch[@]}" --local "$work/stage3-generic_64-2026-11-01.tar" >/dev/null

for ((run = 0; run < runs; run++)); do
    date=$(date -d "2027-01-01 + $run days" +%F)
    start=$EPOCHREALTIME
    "$mirrorctl" build --quiet "${subarch[@]}" full "$date"
    end=$EPOCHREALTIME
    echo $((${end/./} - ${start/./}))
done | sort -n | awk '{ t[NR] = $1 } END { printf "snapshot, stage1, stage3: %.3f s (median of %d, %.3f to %.3f)\n", t[int((NR + 1) / 2)] / 1e6, NR, t[1] / 1e6, t[NR] / 1e6 }'

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
subarch=(bench x86-64bit generic_64)
set_up_builds
add_subarch generic_64

for ((run = 0; run < runs; run++)); do
    date=$(date -d "2027-01-01 + $run days" +%F)
    start=$EPOCHREALTIME
    "$mirrorctl" build --quiet "${subarch[@]}" full "$date"
    end=$EPOCHREALTIME
    echo $((${end/./} - ${start/./}))
done | sort -n | awk '{ t[NR] = $1 } END { printf "snapshot, stage1, stage3: %.3f s (median of %d, %.3f to %.3f)\n", t[int((NR + 1) / 2)] / 1e6, NR, t[1] / 1e6, t[NR] / 1e6 }'

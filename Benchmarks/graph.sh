#!/usr/bin/env bash
# Measures what building several subarches as one graph costs: see --help.
set -euo pipefail

usage() {
    cat <<'END'
usage: graph.sh [--small] [--runs N] [--work DIR] [MIRRORCTL]

Builds 24 targets with steps that take no time, the stage1 and the stage3 of 12 subarches: one subarch after the other in
a run of its own, and all in one run with 1 and 2 jobs. Prints the medians of the runs (5) in seconds, and the share of a
target. Then measures `build --due` and `build --all --pretend` with nothing to do over 1,000 subarches.
END
}

# shellcheck source=Benchmarks/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
read_options "$@"
subarches=12 many=1000
[[ -z $small ]] || runs=1 subarches=2 many=10
set_up
set_up_builds
add_subarches "$subarches"

build_alone() {
    local path
    for path in "${paths[@]}"; do "$mirrorctl" build --quiet "${path%%/*}" x86-64bit "${path##*/}" full "$date"; done
}

for ((run = 0; run < runs; run++)); do
    next_date
    clock "single builds" build_alone
    for jobs in 1 2; do
        next_date
        measure "graph, --jobs $jobs" "$mirrorctl" build --quiet --jobs "$jobs" "${paths[@]}" full "$date"
    done
done

echo "$((2 * subarches)) targets, $(nproc) CPUs, median of $runs:"
for name in "single builds" "graph, --jobs 1" "graph, --jobs 2"; do
    printf '%-32s %8.3f s, %.3f s per target\n' "$name" "$(median_seconds "$name")" \
        "$(awk -v all="$(median_seconds "$name")" -v count="$((2 * subarches))" 'BEGIN { print all / count }')"
done

# A finished version of today for each of many subarches, made of one.
rm -rf "$work/mirror" && mkdir "$work/mirror"
today=$(date +%F)
add_subarch s1
"$mirrorctl" build --quiet bench x86-64bit s1 full "$today"
for ((number = 2; number <= many; number++)); do
    copy=$work/mirror/bench/x86-64bit/s$number
    mkdir -p "$copy/$today"
    cp -r "$work/mirror/bench/x86-64bit/s1/.control" "$copy"
    cp "$work/mirror/bench/x86-64bit/s1/$today/status" "$copy/$today"
    for name in stage1 stage3; do
        ln "$work/mirror/bench/x86-64bit/s1/$today/$name-s1-bench-$today.tar" "$copy/$today/$name-s$number-bench-$today.tar"
    done
done
for ((run = 0; run < runs; run++)); do
    measure due "$mirrorctl" build --due
    measure all "$mirrorctl" build --all --pretend
done
echo "nothing to do, $many subarches:"
printf '%-32s %8.3f s\n' "build --due" "$(median_seconds due)" "build --all --pretend" "$(median_seconds all)"

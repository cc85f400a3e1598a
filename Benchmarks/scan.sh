#!/usr/bin/env bash
# Compares mirrorctl's scan with find on this machine, in one run: machines differ, ratios on one machine tell.
set -euo pipefail
# shellcheck source=Benchmarks/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
usage: scan.sh [--runs N] [--small] [--work DIR] [MIRRORCTL]

digestgen with nothing to do, and index, on a mirror of 100,000 tarballs, against find reading every inode

MIRRORCTL   the binary to measure (default .build/release/mirrorctl)
--runs N    interleaved runs, of which the median counts (default 5)
--small     a tiny mirror, to try this script itself
--work DIR  where the mirror is made (default $TMPDIR or /tmp): 2 GiB in 500,000 files
END
}

# report REFERENCE NAME...: a line for each that was measured, with its median as a multiple of the reference's.
report() {
    local reference=$1 name
    printf '%-32s %10s %10s %12s\n' "" "seconds" "ratio" "peak MiB"
    for name; do
        printf '%-32s %10.3f %9.2fx %12.1f\n' "$name" "$(median_seconds "$name")" \
            "$(awk -v a="$(median "$name")" -v b="$(median "$reference")" 'BEGIN { print a / b }')" \
            "$(peak_mebibytes "$name")"
    done
}

read_options "$@"
set_up
size=(--subarches 1000 --versions 100 --size 16)
[[ -z $small ]] || size=(--subarches 20 --versions 5 --size 16)
mirror=$work/mirror
make_mirror "$mirror" "${size[@]}"

measure "first digestgen (one run)" "$mirrorctl" digestgen --mirror "$mirror"
for ((run = 0; run < runs; run++)); do
    measure "find" find "$mirror" -type f -printf '%s %T@\n'
    measure "mirrorctl digestgen, no change" "$mirrorctl" digestgen --mirror "$mirror"
    measure "mirrorctl index" "$mirrorctl" index --mirror "$mirror"
done
[[ -s $mirror/index.xml ]] || die "mirrorctl index left no index.xml"

echo "scan: ${size[*]}, $(nproc) processors, median of $runs, ratio to find"
report "find" "mirrorctl digestgen, no change" "mirrorctl index" "first digestgen (one run)"

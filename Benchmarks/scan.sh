#!/usr/bin/env bash
# Compares mirrorctl's scan with find in one run, because only ratios on the same machine are comparable.
set -euo pipefail
# shellcheck source=Benchmarks/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
usage: scan.sh [--tarballs N] [--runs N] [--small] [--work DIR] [MIRRORCTL]

Measures digestgen with nothing to do, index, and verify of one hundredth, on a large mirror, and compares them with
find, which reads every inode.

MIRRORCTL   the binary to measure (default .build/release/mirrorctl)
--tarballs N
            number of tarballs, a multiple of 10,000 (default 100,000): one in each version, or five if there are more
            than 200,000
--runs N    number of interleaved runs; the median is printed (default 5)
--small     use a tiny mirror, to test this script
--work DIR  make the mirror here (default $TMPDIR or /tmp); needs 2 GiB and 500,000 files for 100,000 tarballs,
            and 7 GiB and 2.8 million files for a million
END
}

# report REFERENCE NAME...: print one line per measured command, with its median as a multiple of the reference's.
report() {
    local reference=$1 name
    printf '%-32s %10s %10s %12s\n' "" "seconds" "ratio" "peak MiB"
    for name; do
        printf '%-32s %10.3f %9.2fx %12.1f\n' "$name" "$(median_seconds "$name")" \
            "$(awk -v a="$(median "$name")" -v b="$(median "$reference")" 'BEGIN { print a / b }')" \
            "$(peak_mebibytes "$name")"
    done
}

option[tarballs]=100000
read_options "$@"
count=${option[tarballs]} stages=stage3
[[ $count =~ ^[1-9][0-9]*0000$ ]] || wrong_usage "--tarballs $count: not a multiple of 10,000"
set_up
((count <= 200000)) || stages=stage1,stage2,stage3,openvz,lxd
size=(--subarches $((count <= 200000 ? count / 100 : count / 500)) --versions 100 --size 16 --stages "$stages")
[[ -z $small ]] || size=(--subarches 20 --versions 5 --size 16)
mirror=$work/mirror
make_mirror "$mirror" "${size[@]}"

measure "first digestgen (one run)" "$mirrorctl" digestgen --mirror "$mirror"
for ((run = 0; run < runs; run++)); do
    measure "find" find "$mirror" -type f -printf '%s %T@\n'
    measure "mirrorctl digestgen, no change" "$mirrorctl" digestgen --mirror "$mirror"
    measure "mirrorctl index" "$mirrorctl" index --mirror "$mirror"
    measure "mirrorctl verify --subset 1%" "$mirrorctl" verify --subset 1% --mirror "$mirror"
done
[[ -s $mirror/index.xml ]] || die "mirrorctl index did not write index.xml"

echo "scan: ${size[*]}, $(nproc) CPUs, median of $runs, times relative to find"
report "find" "mirrorctl digestgen, no change" "mirrorctl index" "mirrorctl verify --subset 1%" \
    "first digestgen (one run)"

#!/usr/bin/env bash
# Compares mirrorctl's scan with find in one run, because only ratios on the same machine are comparable.
set -euo pipefail
# shellcheck source=Benchmarks/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
usage: scan.sh [--runs N] [--small] [--work DIR] [MIRRORCTL]

Measures digestgen with nothing to do, and index, on a mirror of 100,000 tarballs, and compares them with find, which
reads every inode.

MIRRORCTL   the binary to measure (default .build/release/mirrorctl)
--runs N    number of interleaved runs; the median is printed (default 5)
--small     use a tiny mirror, to test this script
--work DIR  make the mirror here (default $TMPDIR or /tmp); needs 2 GiB and 500,000 files
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
[[ -s $mirror/index.xml ]] || die "mirrorctl index did not write index.xml"

echo "scan: ${size[*]}, $(nproc) CPUs, median of $runs, times relative to find"
report "find" "mirrorctl digestgen, no change" "mirrorctl index" "first digestgen (one run)"

#!/usr/bin/env bash
# Measures single verbs on large mirrors: see --help.
set -euo pipefail
# shellcheck source=Benchmarks/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'DONE'
usage: verbs.sh [--runs N] [--small] [--work DIR] [MIRRORCTL]

Prints a Markdown table of medians, with the goal of each row:

snapshots   digestgen with nothing to do, compared with find, and clean: 10,000 snapshots in one directory
versions    clean --apply of 14,000 of 14,200 versions
uploads     receive of uploads of 1,000 servers
images      index --format simplestreams and --format metalink: 10,000 images of 1,000 subarches, first and again

MIRRORCTL   the binary to measure (default .build/release/mirrorctl)
--runs N    number of runs; the median is printed (default 5)
--small     use tiny mirrors, to test this script
--work DIR  make the mirrors here (default $TMPDIR or /tmp); needs 500 MiB and 120,000 files; a disk, since most of
            these verbs wait for it
DONE
}

read_options "$@"
set_up
snapshots=10000 subarches=200 versions=71 servers=1000 images=1000
if [[ -n $small ]]; then snapshots=20 subarches=3 versions=4 servers=3 images=3; fi
mirror=$work/mirror settings=$work/settings.conf
printf '[section index]\nurls: https://mirror.example.org/\n' >"$work/index.conf"

# again ARGUMENT...: make the mirror anew, digested, and write it to disk.
again() {
    rm -rf "$mirror"
    forget_catalog
    "$here/make-mirror" "$mirror" --size 16 "$@"
    "$mirrorctl" digestgen --quiet --mirror "$mirror"
    sync -f "$mirror"
}

for ((run = 0; run < runs; run++)); do
    again --subarches 1 --versions 1 --snapshots "$snapshots"
    measure "find" find "$mirror" -type f -printf '%s %T@\n'
    measure "snapshots, digestgen with nothing to do" "$mirrorctl" digestgen --mirror "$mirror"
    measure "snapshots, clean" "$mirrorctl" clean --mirror "$mirror"

    again --subarches "$subarches" --versions "$versions"
    measure "versions, clean --apply" "$mirrorctl" clean --apply --keep 1 --max-remove 100% --mirror "$mirror"
    left=$(find "$mirror" -name status | wc -l)
    ((left == subarches)) || die "$left of $subarches versions were kept"

    again --subarches 1 --versions 1
    "$here/make-uploads" "$mirror" "$servers" >"$settings"
    sync -f "$mirror"
    measure "uploads, receive" "$mirrorctl" receive --mirror "$mirror" --config "$settings"
    received=$(find "$mirror/funtoo-current" -path '*/upload_*/status' | wc -l)
    ((received == servers)) || die "$received of $servers uploads were received"

    again --subarches "$images" --versions 10 --stages lxd
    for format in simplestreams metalink; do
        for state in first again; do
            measure "images, index --format $format, $state" \
                "$mirrorctl" index --format "$format" --mirror "$mirror" --config "$work/index.conf"
        done
    done
    [[ -s $mirror/streams/v1/images.json ]] || die "index did not write streams/v1/images.json"
done

# row NAME GOAL: print the seconds and the peak of memory.
row() {
    printf '| %s | %.2f s | %.0f MiB | %s |\n' "$1" "$(median_seconds "$1")" "$(peak_mebibytes "$1")" "$2"
}

echo "verbs: $(nproc) CPUs, median of $runs"
printf '| work | time | memory | goal |\n| --- | --- | --- | --- |\n'
row "find" ""
row "snapshots, digestgen with nothing to do" \
    "2 times find: $(awk -v a="$(median "find")" 'BEGIN { printf "%.2f s", 2 * a / 1e6 }')"
row "snapshots, clean" "1 s"
row "versions, clean --apply" "10 s"
row "uploads, receive" "10 s"
for format in simplestreams metalink; do
    for state in first again; do row "images, index --format $format, $state" "10 s"; done
done

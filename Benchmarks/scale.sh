#!/usr/bin/env bash
# Shows where cost grows faster than the work: see --help.
set -euo pipefail
# shellcheck source=Benchmarks/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'DONE'
usage: scale.sh [--runs N] [--small] [--work DIR] [MIRRORCTL]

Runs each verb on mirrors of two sizes, the second one five times as large, and prints how much more CPU time it takes
there. A verb whose cost grows with the work takes up to five times as much; one that takes more than seven times is
marked, and the exit status is 1.

snapshots   snapshots of package trees in one directory: 2,000 and 10,000, with all files of digests
subarches   subarches with 10 versions each: 400 and 2,000
links       snapshots with a link to each: 2,000 and 10,000
images      subarches with 10 images each, in metalinks and image streams: 200 and 1,000
uploads     uploads of one version each, by as many servers: 200 and 1,000

MIRRORCTL   the binary to measure (default .build/release/mirrorctl); one built for debugging will do
--runs N    number of runs; the median is printed (default 5)
--small     use tiny mirrors, to test this script; no ratio is judged
--work DIR  make the mirrors here (default $TMPDIR or /tmp); needs 700 MiB and 250,000 files; best a tmpfs
DONE
}

read_options "$@"
set_up
factor=5 limit=7
topics=(snapshots subarches links images uploads)
# The smaller size of each topic.
declare -A size=([snapshots]=2000 [subarches]=400 [links]=2000 [images]=200 [uploads]=200)
if [[ -n $small ]]; then size=([snapshots]=20 [subarches]=3 [links]=20 [images]=2 [uploads]=3); fi
settings=$work/settings.conf
hidden=(--exclude '.*')

# cpu NAME COMMAND...: run the command, and add its CPU time in microseconds to the samples of NAME.
cpu() {
    local name=$1
    shift
    python3 - "$work/samples/$name" "$@" <<'DONE' || die "$*: failed: $(tail -n 5 "$work/stderr")"
import os, resource, subprocess, sys
with open(os.environ["work"] + "/stderr", "wb") as errors:
    status = subprocess.call(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=errors)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "a") as file:
    print(round((used.ru_utime + used.ru_stime) * 1e6), used.ru_maxrss, file=file)
sys.exit(status)
DONE
}
export work

# TOPIC SIZE: measure the verbs of one topic on a mirror of this size.
snapshots() {
    local mirror=$work/mirror run
    make_mirror "$mirror" --subarches 2 --versions 2 --size 16 --snapshots "$1"
    "$mirrorctl" digestgen --quiet --mirror "$mirror" --format hash.txt,sums,bsd,digests,manifest
    for ((run = 0; run < runs; run++)); do
        cpu "snapshots digestgen $1" "$mirrorctl" digestgen --mirror "$mirror"
        cpu "snapshots clean $1" "$mirrorctl" clean --mirror "$mirror"
        cpu "snapshots verify $1" "$mirrorctl" verify --subset 1% --mirror "$mirror"
        cpu "snapshots find $1" find "$mirror" -type f -printf '%s %T@\n'
    done
    cpu "snapshots clean --apply $1" "$mirrorctl" clean --apply --max-remove 100% --mirror "$mirror"
}

subarches() {
    local mirror=$work/mirror run
    make_mirror "$mirror" --subarches "$1" --versions 10 --size 16
    "$mirrorctl" digestgen --quiet --mirror "$mirror"
    for ((run = 0; run < runs; run++)); do
        cpu "subarches digestgen $1" "$mirrorctl" digestgen --mirror "$mirror"
        cpu "subarches index $1" "$mirrorctl" index --mirror "$mirror"
        cpu "subarches status $1" "$mirrorctl" status --mirror "$mirror"
        cpu "subarches clean $1" "$mirrorctl" clean --mirror "$mirror"
        cpu "subarches find $1" find "$mirror" -type f -printf '%s %T@\n'
    done
    "$mirrorctl" index --quiet --mirror "$mirror" --format simplestreams
    cpu "subarches index simplestreams $1" "$mirrorctl" index --mirror "$mirror" --format simplestreams
    mkdir "$work/copy" "$work/peer"
    printf '[section publish/copy]\nto: %s\n' "$work/copy" >"$settings"
    cpu "subarches publish first $1" "$mirrorctl" publish --mirror "$mirror" --config "$settings"
    cpu "subarches publish nothing $1" "$mirrorctl" publish --mirror "$mirror" --config "$settings"
    cpu "subarches rsync first $1" rsync -a --delay-updates "${hidden[@]}" "$mirror/" "$work/peer/"
    cpu "subarches rsync nothing $1" rsync -a --delay-updates "${hidden[@]}" "$mirror/" "$work/peer/"
    cpu "subarches clean --apply $1" "$mirrorctl" clean --apply --max-remove 100% --mirror "$mirror"
    rm -rf "$work/copy" "$work/peer"
}

links() {
    local mirror=$work/mirror run place
    make_mirror "$mirror" --subarches 1 --versions 1 --size 16 --snapshots "$1"
    place=$mirror/funtoo-current/snapshots
    (cd "$place" && for name in *.tar.zst; do ln -s "$name" "latest-$name"; done)
    "$mirrorctl" digestgen --quiet --mirror "$mirror"
    for ((run = 0; run < runs; run++)); do
        cpu "links digestgen $1" "$mirrorctl" digestgen --mirror "$mirror"
        cpu "links clean $1" "$mirrorctl" clean --mirror "$mirror"
    done
}

images() {
    local mirror=$work/mirror run format
    make_mirror "$mirror" --subarches "$1" --versions 10 --size 16 --stages lxd
    "$mirrorctl" digestgen --quiet --mirror "$mirror"
    printf '[section index]\nurls: https://mirror.example.org/\n' >"$settings"
    for format in simplestreams metalink; do
        "$mirrorctl" index --quiet --mirror "$mirror" --format "$format" --config "$settings"
        for ((run = 0; run < runs; run++)); do
            cpu "images $format $1" "$mirrorctl" index --mirror "$mirror" --format "$format" --config "$settings"
        done
    done
}

uploads() {
    local mirror=$work/mirror run
    for ((run = 0; run < runs; run++)); do
        rm -rf "$mirror"
        make_mirror "$mirror" --subarches 1 --versions 1 --size 16
        "$here/make-uploads" "$mirror" "$1" >"$settings"
        cpu "uploads receive $1" "$mirrorctl" receive --mirror "$mirror" --config "$settings"
    done
}

for topic in "${topics[@]}"; do
    for scale in 1 "$factor"; do
        forget_catalog
        "$topic" $((size[$topic] * scale))
        rm -rf "$work/mirror"
    done
done

status=0
echo "scale: CPU time for one and $factor times the work, $(nproc) CPUs, median of $runs"
printf '%-34s %10s %10s %8s\n' "" "small s" "large s" "ratio"
for topic in "${topics[@]}"; do
    large=$((size[$topic] * factor))
    while read -r name; do
        read -r first second ratio mark < <(
            awk -v a="$(median "$name ${size[$topic]}")" -v b="$(median "$name $large")" -v most=$limit \
                'BEGIN { printf "%.2f %.2f %.1f %s\n", a / 1e6, b / 1e6, b / (a > 0 ? a : 1), (b > most * a ? "!" : "") }'
        )
        [[ -z $mark || -n $small ]] || status=1
        printf '%-34s %10s %10s %8s %s\n' "$name" "$first" "$second" "$ratio" "$mark"
    done < <(cd "$work/samples" && printf '%s\n' "$topic "*" $large" | sed "s/ $large\$//" | sort)
done
exit $status

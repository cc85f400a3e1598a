# shellcheck shell=bash disable=SC2034
# Functions that the benchmarks share. A script that sources this file defines usage, adds its own options to `option`,
# and calls read_options and set_up.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mirrorctl=$here/../.build/release/mirrorctl
small=
# Values of options, by name.
declare -A option=([runs]=5 [work]=${TMPDIR:-/tmp})

die() {
    echo "${0##*/}: $*" >&2
    exit 1
}

wrong_usage() {
    echo "${0##*/}: $*" >&2
    usage >&2
    exit 64
}

# read_options ARGUMENT...: set mirrorctl, small and the values of `option`.
read_options() {
    while (($#)); do
        case $1 in
        --help | -h) usage && exit ;;
        --small) small=yes ;;
        -*)
            [[ $1 =~ ^--([a-z]+)$ && -v option[${BASH_REMATCH[1]}] ]] || wrong_usage "$1: no such option"
            (($# > 1)) || wrong_usage "$1: needs a value"
            option[${BASH_REMATCH[1]}]=$2
            shift
            ;;
        *) mirrorctl=$1 ;;
        esac
        shift
    done
    runs=${option[runs]}
    [[ $runs =~ ^[1-9][0-9]*$ ]] || wrong_usage "--runs $runs: not a positive number"
}

# Make a directory for all files, and delete it at the end.
set_up() {
    [[ -x $mirrorctl && -f $mirrorctl ]] || die "$mirrorctl: not found: build it with 'make build'"
    mirrorctl=$(realpath "$mirrorctl")
    [[ -d ${option[work]} ]] || die "${option[work]}: not a directory: choose one with --work"
    work=$(mktemp -d -p "${option[work]}" mirrorctl-bench.XXXXXX)
    trap 'rm -rf "$work"' EXIT

    # Do not use the configuration and catalog of this user. The C locale makes $EPOCHREALTIME contain a point.
    export LC_ALL=C HOME=$work/home XDG_STATE_HOME=$work/state
    unset MIRRORCTL_CONFIG MIRRORCTL_MIRROR MIRRORCTL_ISA
    mkdir "$HOME" "$XDG_STATE_HOME" "$work/samples"

    type -P time >/dev/null ||
        echo "GNU time: not installed, using Python: times are about 40 ms too long, peaks below 14 MiB are unknown"
}

# make_mirror DIR ARGUMENT...: make a mirror with Benchmarks/make-mirror, write it to disk and read it into the page
# cache, so that no run waits for the disk.
make_mirror() {
    "$here/make-mirror" "$@"
    sync -f "$1"
    find "$1" -type f -name '*.tar.zst' -exec cat {} + >/dev/null
}

# with_peak FILE COMMAND...: run the command, and write the peak memory in KiB of its largest process to the file.
with_peak() {
    local file=$1
    shift
    if type -P time >/dev/null; then
        command time -f %M -o "$file" "$@"
    else
        python3 - "$file" "$@" <<'END'
import resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
with open(sys.argv[1], "w") as file:
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=file)
sys.exit(status)
END
    fi
}

# measure NAME COMMAND...: run the command, and add a line "microseconds KiB" to the samples of NAME.
measure() {
    local name=$1 began ended
    shift
    began=${EPOCHREALTIME/./}
    with_peak "$work/peak" "$@" >/dev/null 2>"$work/stderr" || die "$*: failed: $(tail -n 5 "$work/stderr")"
    ended=${EPOCHREALTIME/./}
    echo "$((ended - began)) $(<"$work/peak")" >>"$work/samples/$name"
}

# median NAME: print the median of the first column of its samples.
median() {
    sort -n "$work/samples/$1" | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

median_seconds() {
    awk -v microseconds="$(median "$1")" 'BEGIN { printf "%.6f\n", microseconds / 1e6 }'
}

# peak_mebibytes NAME: print the largest peak of all its runs.
peak_mebibytes() {
    awk '$2 > peak { peak = $2 } END { print peak / 1024 }' "$work/samples/$1"
}

forget_catalog() {
    rm -rf "$XDG_STATE_HOME"
    mkdir "$XDG_STATE_HOME"
}

# forget_digests MIRROR: delete all digests and the catalog, so that the next run starts from nothing.
forget_digests() {
    find "$1" \( -name '*.hash.txt' -o -name '*.gpg' -o -name SHA256SUMS -o -name SHA512SUMS -o -name B2SUMS \
        -o -name Manifest \) -delete
    forget_catalog
    # Otherwise the fsync of the next run would also write these changes.
    sync -f "$1"
}

# A mirror in $work whose builds take no time.
set_up_builds() {
    local repository
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
}

# add_subarch NAME: a subarch of bench x86-64bit, with its seed.
add_subarch() {
    "$mirrorctl" init bench x86-64bit "$1" --local "$work/stage3-generic_64-2026-11-01.tar" >/dev/null
}

# add_subarches COUNT: subarches of bench x86-64bit; sets the list of their paths.
add_subarches() {
    local number
    paths=()
    for ((number = 1; number <= $1; number++)); do
        paths+=("bench/x86-64bit/s$number")
        add_subarch "s$number"
    done
}

# next_date: sets a version that does not exist yet; its snapshot is made first, so that all runs build the same targets.
next_date() {
    day=$((${day:--1} + 1))
    date=$(date -d "2027-01-01 + $day days" +%F)
    "$mirrorctl" snapshot --quiet bench "$date"
}

# clock NAME FUNCTION: as measure, for a function of the shell, without the peak of memory.
clock() {
    local began=${EPOCHREALTIME/./}
    "$2"
    echo "$((${EPOCHREALTIME/./} - began)) 0" >>"$work/samples/$1"
}

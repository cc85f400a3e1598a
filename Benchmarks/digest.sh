#!/usr/bin/env bash
# Compares mirrorctl's digests with other programs in one run, because only ratios on the same machine are comparable.
set -euo pipefail
# shellcheck source=Benchmarks/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
usage: digest.sh [--runs N] [--only ROW[,ROW...]] [--isa LIST] [--small] [--work DIR] [MIRRORCTL]

Prints a Markdown table that compares mirrorctl with openssl, rhash, coreutils and gemato on the same files in the page
cache. One process of each peer runs per CPU. Rows:

sha256   32 files of 128 MiB, SHA-256
sha512   the same files, SHA-512
blake2b  the same files, BLAKE2b
pair     the same files, SHA-512 and BLAKE2b, as in Gentoo's Manifests
all      the same files, SHA-256, SHA-512 and BLAKE2b
kernels  the same as sha256, compared with its fastest kernel alone in memory (built with make and a C compiler)
cold     the same as sha256, but the files are not in the page cache; the peer only reads them, one after the other
mixed    6 subarches of sparse files of 100 MiB to 1.5 GiB, SHA-256 (needs 13.5 GiB of free memory)
one      one file of 2 GiB, SHA-256
one-all  one file of 2 GiB, all three digests

MIRRORCTL   the binary to measure (default .build/release/mirrorctl)
--runs N    number of interleaved runs; the median is printed (default 5)
--only ROW  measure only these rows
--isa LIST  a list of avx512, avx2 and shani, or none: mirrorctl and programs that use OpenSSL use only these
            instruction sets, as on another machine
--small     use tiny mirrors, to test this script
--work DIR  make the mirrors here (default $TMPDIR or /tmp); needs 7 GiB, and 4.5 GiB of free memory
END
}

rows=(sha256 sha512 blake2b pair all kernels cold mixed one one-all)
# For each row: the digests, the target ratio (speed of mirrorctl to that of its best peer), and the peers, one per line.
declare -A computed=(
    [sha256]="SHA-256" [sha512]="SHA-512" [blake2b]="BLAKE2b" [pair]="SHA-512 + BLAKE2b"
    [all]="SHA-256 + SHA-512 + BLAKE2b" [kernels]="SHA-256" [cold]="SHA-256" [mixed]="SHA-256" [one]="SHA-256"
    [one-all]="SHA-256 + SHA-512 + BLAKE2b"
)
declare -A aim=(
    [sha256]=2.6 [sha512]=3.3 [blake2b]=3.0 [pair]=3.2 [all]=3.0 [kernels]=0.8 [cold]=0.95 [mixed]=1.6 [one]=0.97 [one-all]=1.8
)
declare -A peers=(
    [sha256]=$'openssl dgst -sha256\nrhash --sha256\nsha256sum'
    [sha512]=$'openssl dgst -sha512\nrhash --sha512\nsha512sum'
    [blake2b]=$'b2sum\nrhash --blake2b\nopenssl dgst -blake2b512'
    [pair]=$'rhash --sha512 --blake2b\ngemato verify'
    [all]="rhash --sha256 --sha512 --blake2b"
    [kernels]=""
    [cold]="cat"
    [mixed]=$'openssl dgst -sha256\nrhash --sha256\nsha256sum'
    [one]="openssl dgst -sha256"
    [one-all]="rhash --sha256 --sha512 --blake2b"
)
# digestgen always computes SHA-256. Rows without SHA-256 therefore measure verify, which reads such a file of digests.
declare -A listing=([sha512]=SHA512SUMS [blake2b]=B2SUMS [pair]=Manifest)

# enough WHAT NEEDED FREE: succeed if NEEDED KiB are free, otherwise print a message and fail.
enough() {
    awk -v what="$1" -v needed="$2" -v free="$3" 'BEGIN {
        if (free + 0 >= needed + 0) exit 0
        printf "%s: %.1f GiB needed, %.1f GiB free\n", what, needed / 2 ^ 20, free / 2 ^ 20
        exit 1
    }'
}

free_memory() {
    awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo
}

free_disk() {
    df -k --output=avail "$work" | tail -n 1
}

# is_measurable ROW: if the row cannot be measured, print the reason and fail.
is_measurable() {
    case $1 in
    mixed) [[ -n $small ]] || enough "mixed: skipped: memory" $((27 << 19)) "$(free_memory)" ;;
    kernels)
        # Without clang, use cc.
        type -P clang >/dev/null || [[ -n ${CC:-} ]] || export CC=cc
        make -s -C "$here/kernels" build/bench >"$work/stderr" 2>&1 || {
            echo "kernels: skipped: cannot be built: $(head -n 1 "$work/stderr")"
            return 1
        }
        ;;
    esac
}

# Find the usable peers, and run each once, because the first run includes loading it. Print the names of the others.
find_peers() {
    local row peer program trial
    local -a words
    local -A absent=()
    mkdir "$work/empty"
    : >"$work/empty/Manifest"
    for row in "${chosen[@]}"; do
        while IFS= read -r peer; do
            [[ -n $peer && -z ${state[$peer]:-} ]] || continue
            program=${peer%% *}
            state[$peer]=unusable
            read -ra words <<<"$peer"
            # gemato expects directories.
            if [[ $program == gemato ]]; then trial=$work/empty; else trial=$work/empty/Manifest; fi
            if ! type -P "$program" >/dev/null; then
                [[ -n ${absent[$program]:-} ]] || echo "$program: not installed, skipped"
                absent[$program]=yes
            elif "${words[@]}" "$trial" >/dev/null 2>"$work/stderr"; then
                state[$peer]=usable
            else
                echo "$peer: fails, skipped: $(tail -n 1 "$work/stderr")"
            fi
        done <<<"${peers[$row]}"
    done
}

# usable_peers ROW: print the usable peers, one per line.
usable_peers() {
    local peer
    while IFS= read -r peer; do
        [[ ${state[${peer:-none}]:-} != usable ]] || echo "$peer"
    done <<<"${peers[$1]}"
}

versions() {
    echo "mirrorctl $("$mirrorctl" --version)"
    sha256sum --version | awk 'NR == 1 { print "coreutils", $NF }'
    if type -P openssl >/dev/null; then openssl version | awk '{ print $1, $2 }'; fi
    if type -P rhash >/dev/null; then rhash --version | awk '{ print $1, $2 }'; fi
    if type -P gemato >/dev/null; then
        python3 -c 'from importlib.metadata import version; print("gemato", version("gemato"))' 2>/dev/null ||
            echo "gemato of unknown version"
    fi
}

heading() {
    local model list masked=""
    [[ -z $isa ]] || masked="; only these instruction sets: $isa (OPENSSL_ia32cap=$OPENSSL_ia32cap)"
    model=$(lscpu | sed -n 's/^Model name: *//p' | sort -u | paste -sd '/' -)
    list=$(versions | paste -sd ',' -)
    echo "${model:-unknown CPU}, $processors CPUs, Linux $(uname -r), $(date +%F); ${list//,/, };" \
        "median of $runs interleaved runs$masked"
    echo
    echo "| row | work | mirrorctl | peak MiB | peers | ratio | goal | |"
    echo "| --- | --- | --- | --- | --- | --- | --- | --- |"
}

notes() {
    cat <<'END'

The ratio is the time of the best peer divided by that of mirrorctl; in row kernels, the GB/s of mirrorctl divided by that
of the kernel. GB is 10^9 bytes. Rows sha512, blake2b and pair measure `mirrorctl verify` of files listed in SHA512SUMS,
B2SUMS or a GLEP 74 Manifest made by coreutils, with exit status 0. The other rows measure `mirrorctl digestgen`, which
writes sidecars and the catalog durably.
END
}

# lay_out ROW: make the mirror for the row, unless it exists. Delete the previous mirror first, to free its memory.
lay_out() {
    local kind=files full tiny size
    full=(--subarches 8 --versions 4 --size 128M) tiny=(--subarches 4 --versions 2 --size 1M)
    case $1 in
    mixed)
        kind=mixed full=(--subarches 6 --versions 1 --mixed)
        tiny=(--subarches 2 --versions 1 --sparse --stages "stage1,stage3,lxd,gnome" --size 3M)
        ;;
    one | one-all)
        kind=one full=(--subarches 1 --versions 1 --size 2G) tiny=(--subarches 1 --versions 1 --size 8M)
        ;;
    esac
    [[ $kind != "$laid_out" ]] || return 0
    rm -rf "$mirror"
    if [[ -n $small ]]; then make_mirror "$mirror" "${tiny[@]}"; else make_mirror "$mirror" "${full[@]}"; fi
    find "$mirror" -type f -name '*.tar.zst' -print0 | sort -z >"$work/tarballs"
    find "$mirror" -type f -name '*.tar.zst' -printf '%h\0' | sort -zu >"$work/directories"
    count=0 bytes=0
    # Do not use awk: integers of mawk are limited to 2 GiB.
    while read -r size; do
        count=$((count + 1)) bytes=$((bytes + size))
    done < <(find "$mirror" -type f -name '*.tar.zst' -printf '%s\n')
    inputs="$count x $((bytes / count >> 20)) MiB"
    [[ $kind != mixed ]] || inputs="$count sparse files, $((bytes >> 20)) MiB"
    laid_out=$kind
}

# in_directories SCRIPT ARGUMENT...: run the script in each directory of tarballs, on all CPUs.
in_directories() {
    # shellcheck disable=SC2016 # expanded by the shells that run side by side
    xargs -0 -a "$work/directories" -P"$processors" -I '{}' \
        env --chdir='{}' bash -euo pipefail -c "$@"
}

# list_digests FILE: write FILE with the digests by coreutils of all tarballs in each directory.
list_digests() {
    # shellcheck disable=SC2016 # expanded by the shells that run side by side
    case $1 in
    SHA512SUMS) in_directories 'sha512sum -- *.tar.zst >SHA512SUMS' ;;
    B2SUMS) in_directories 'b2sum -- *.tar.zst >B2SUMS' ;;
    Manifest)
        # gemato requires that the Manifest lists every file of the directory.
        in_directories '
            for name in *; do
                if [[ $name == *.tar.zst ]]; then
                    blake2b=$(b2sum <"$name") sha512=$(sha512sum <"$name")
                    echo "DATA $name $(stat -c %s "$name") BLAKE2B ${blake2b%% *} SHA512 ${sha512%% *}"
                elif [[ $name != Manifest ]]; then
                    echo "IGNORE $name"
                fi
            done >Manifest'
        ;;
    esac
}

# check ROW COMMAND...: check all digests with coreutils, directly or in the files that verify reads.
check() {
    local row=$1 name tag hex tarball
    shift
    forget_digests "$mirror"
    case $row in
    sha512 | blake2b | pair)
        list_digests "${listing[$row]}"
        "$@" --json >"$work/report" || die "$*: a digest is wrong"
        grep -Eq "\"bytesRead\" ?: ?$bytes\b" "$work/report" || die "$*: has not read $bytes bytes"
        ;;
    all | one-all)
        "$@" --format sums >/dev/null
        for name in SHA256SUMS SHA512SUMS B2SUMS; do
            (($(find "$mirror" -name "$name" -exec cat {} + | wc -l) == count)) || die "$*: $name: not $count lines"
        done
        in_directories 'sha256sum --check --strict --quiet SHA256SUMS
            sha512sum --check --strict --quiet SHA512SUMS
            b2sum --check --strict --quiet B2SUMS' >&2 || die "$*: a digest is wrong"
        ;;
    *)
        "$@" >/dev/null
        while IFS= read -r -d '' tarball; do
            read -r tag hex <"$tarball.hash.txt" || die "$tarball.hash.txt: cannot be read"
            [[ $tag == sha256 ]] || die "$tarball.hash.txt: not of SHA-256"
            echo "$hex  $tarball"
        done <"$work/tarballs" >"$work/SHA256SUMS"
        sha256sum --check --strict --quiet "$work/SHA256SUMS" >&2 || die "$*: a digest is wrong"
        ;;
    esac
}

# Let the kernel forget all tarballs, if the row is about files that are not in the page cache.
cool() {
    [[ $1 != cold ]] ||
        xargs -0 -a "$work/tarballs" -I '{}' dd of='{}' oflag=nocache conv=notrunc,fdatasync count=0 status=none
}

# measure_peer ROW PEER: measure the peer on all tarballs.
measure_peer() {
    local directories
    local -a words
    read -ra words <<<"$2"
    if [[ $2 == gemato* ]]; then
        # It uses one CPU: start one process per CPU, each with a share of the directories.
        directories=$(tr -dc '\0' <"$work/directories" | wc -c)
        measure "$1 $2" xargs -0 -a "$work/directories" -P"$processors" \
            -n$(((directories + processors - 1) / processors)) "${words[@]}"
    elif [[ $1 == cold ]]; then
        measure "$1 $2" xargs -0 -a "$work/tarballs" "${words[@]}"
    else
        measure "$1 $2" xargs -0 -a "$work/tarballs" -P"$processors" -n1 "${words[@]}"
    fi
}

# Add the GB/s on all CPUs to the samples of each SHA-256 kernel. The bench measures only one and two threads.
measure_kernels() {
    local name one two
    "$here/kernels/build/bench" sha256 | awk '/^sha256-/ { print $1, $2, $NF }' >"$work/speeds"
    while read -r name one two; do
        [[ -z $isa || ,$isa, == *",${name#sha256-},"* || ! $name =~ -(avx512|avx2|shani)$ ]] || continue
        ((processors == 2)) || two=$(awk -v one="$one" -v n="$processors" 'BEGIN { print one * n }')
        echo "$two" >>"$work/samples/kernel $name"
    done <"$work/speeds"
}

# print_row ROW: print the row from its samples and those of its peers.
print_row() {
    local row=$1 seconds speed against="" best="" ratio="" verdict="" peer value
    seconds=$(median_seconds "$row mirrorctl")
    speed=$(awk -v b="$bytes" -v s="$seconds" 'BEGIN { print b / s / 1e9 }')
    if [[ $row == kernels ]]; then
        for peer in "$work/samples/kernel "*; do
            value=$(median "${peer##*/}")
            awk -v a="$value" -v b="${best:-0}" 'BEGIN { exit !(a > b) }' || continue
            best=$value against=$(printf '%s %.2f GB/s' "${peer##*/kernel }" "$value")
        done
        ratio=$(awk -v a="$speed" -v b="$best" 'BEGIN { print a / b }')
    else
        while IFS= read -r peer; do
            value=$(median_seconds "$row $peer")
            against+=${against:+, }$(printf '%s %.3f s' "${peer%% *}" "$value")
            best=$(awk -v a="$value" -v b="${best:-$value}" 'BEGIN { print (a < b ? a : b) }')
        done < <(usable_peers "$row")
        [[ -z $best ]] || ratio=$(awk -v a="$best" -v b="$seconds" 'BEGIN { print a / b }')
    fi
    if [[ -n $ratio ]]; then
        verdict=$(awk -v a="$ratio" -v b="${aim[$row]}" 'BEGIN { print (a >= b ? "met" : "missed") }')
        ratio=$(printf '%.2f' "$ratio")
    fi
    printf '| %s | %s, %s | %.3f s, %.2f GB/s | %.0f | %s | %s | %s | %s |\n' "$row" "$inputs" "${computed[$row]}" \
        "$seconds" "$speed" "$(peak_mebibytes "$row mirrorctl")" "${against:--}" "${ratio:--}" "${aim[$row]}" \
        "${verdict:--}"
}

# compare ROW: measure the row and print it.
compare() {
    local row=$1 run peer
    local subject=("$mirrorctl" digestgen --mirror "$mirror")
    case $row in
    sha512 | blake2b | pair) subject=("$mirrorctl" verify --mirror "$mirror") ;;
    all | one-all) subject+=(--algorithm "sha256,sha512,blake2b") ;;
    esac
    lay_out "$row"
    check "$row" "${subject[@]}"
    for ((run = 0; run < runs; run++)); do
        if [[ ${subject[1]} == verify ]]; then forget_catalog; else forget_digests "$mirror"; fi
        cool "$row"
        measure "$row mirrorctl" "${subject[@]}"
        while IFS= read -r peer <&3; do
            cool "$row"
            measure_peer "$row" "$peer"
        done 3< <(usable_peers "$row")
        [[ $row != kernels ]] || measure_kernels
    done
    print_row "$row"
}

option[only]=${rows[*]}
option[isa]=
read_options "$@"
isa=${option[isa]}
[[ $isa =~ ^((none|avx512|avx2|shani)(,(none|avx512|avx2|shani))*)?$ ]] ||
    wrong_usage "--isa $isa: not a list of avx512, avx2 and shani, and not none"
read -ra wanted <<<"${option[only]//,/ }"
((${#wanted[@]})) || wrong_usage "--only: missing row"
for row in "${wanted[@]}"; do
    [[ -v aim[$row] ]] || wrong_usage "--only $row: not one of ${rows[*]}"
done

set_up
unset OPENSSL_ia32cap
if [[ -n $isa ]]; then
    # The bits of CPUID leaf 7 for AVX-512, AVX2 and SHA.
    bits=0
    [[ ,$isa, == *,avx512,* ]] || bits=$((bits | 0xd0230000))
    [[ ,$isa, == *,avx2,* ]] || bits=$((bits | 0x20))
    [[ ,$isa, == *,shani,* ]] || bits=$((bits | 0x20000000))
    OPENSSL_ia32cap=$(printf ':~0x%x' "$bits")
    export MIRRORCTL_ISA=$isa OPENSSL_ia32cap
fi
if [[ -z $small ]]; then
    enough "memory" $((9 << 19)) "$(free_memory)" >&2 || die "the files do not fit into the page cache"
    enough "${option[work]}" $((7 << 20)) "$(free_disk)" >&2 || die "choose a larger file system with --work"
fi

processors=$(nproc)
mirror=$work/mirror
laid_out=""
declare -A state=()
chosen=()
for row in "${rows[@]}"; do
    [[ " ${wanted[*]} " == *" $row "* ]] || continue
    if is_measurable "$row"; then chosen+=("$row"); fi
done
((${#chosen[@]})) || die "none of the rows can be measured"
find_peers

heading
for row in "${chosen[@]}"; do
    compare "$row"
done
notes

#!/usr/bin/env bash
# Compares mirrorctl's unpack and capture with tar in one run, because only ratios on the same machine are comparable.
set -euo pipefail
# shellcheck source=Benchmarks/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
usage: trees.sh [--runs N] [--only ROW[,ROW...]] [--tree TAR] [--small] [--work DIR] [MIRRORCTL]

Prints a table that compares mirrorctl with GNU tar and bsdtar on a Debian root, at the same compression levels. Rows:

unpack-xz      multi-block .tar.xz            unpack-xz-one  single-block .tar.xz
unpack-zst     .tar.zst                       unpack-gz      .tar.gz
capture-xz     compared with tar | xz -T0     capture-zst    compared with tar | zstd -T0
capture-all    .tar.xz, list of contents and SHA-256, compared with tar | xz -T0, tar -t | gzip and sha256sum in turn

MIRRORCTL   the binary to measure (default .build/release/mirrorctl)
--runs N    number of interleaved runs; the median is printed (default 5)
--only ROW  measure only these rows
--tree TAR  uncompressed tarball of the tree (default: made by mmdebstrap --variant=minbase; needs root and network)
--small     use /etc of this machine instead, to test this script
--work DIR  write all files here (default $TMPDIR or /tmp); needs 1.5 GiB; use a tmpfs to exclude the disk
END
}

rows=(unpack-xz unpack-xz-one unpack-zst unpack-gz capture-xz capture-zst capture-all)
declare -A file=(
    [unpack-xz]=blocks.tar.xz [unpack-xz-one]=one.tar.xz [unpack-zst]=root.tar.zst [unpack-gz]=root.tar.gz
)
declare -A aim=(
    [unpack-xz]=1.3 [unpack-xz-one]=1.0 [unpack-zst]=1.0 [unpack-gz]=1.0 [capture-xz]=1.0 [capture-zst]=1.0
    [capture-all]=1.0
)

in_turn() {
    tar -C "$work/tree" --sort=name --numeric-owner -cf - . | xz -6 -T0 >"$work/theirs.tar.xz"
    tar -tf "$work/theirs.tar.xz" | gzip -n >"$work/theirs.gz"
    sha256sum "$work/theirs.tar.xz"
}

piped() {
    tar -C "$work/tree" --sort=name --numeric-owner -cf - . | "$@" >"$work/theirs"
}
export -f in_turn piped
export work

# unpacking NAME COMMAND...: measure the command with an empty directory as its last argument.
unpacking() {
    rm -rf "$work/out"
    mkdir "$work/out"
    measure "$@" "$work/out"
}

measure_row() {
    local row=$1 archive
    case $row in
    unpack-*)
        archive=$work/${file[$row]}
        unpacking "$row mirrorctl" "$mirrorctl" unpack --quiet "$archive"
        unpacking "$row tar" tar -xf "$archive" -C
        unpacking "$row bsdtar" bsdtar -xf "$archive" -C
        ;;
    capture-xz)
        measure "$row mirrorctl" "$mirrorctl" capture -q --level 6 "$work/tree" "$work/ours.tar.xz"
        measure "$row tar" bash -c 'piped xz -6 -T0'
        ;;
    capture-zst)
        measure "$row mirrorctl" "$mirrorctl" capture -q --level 3 "$work/tree" "$work/ours.tar.zst"
        measure "$row tar" bash -c 'piped zstd -q -3 -T0'
        ;;
    capture-all)
        measure "$row mirrorctl" "$mirrorctl" capture -q --level 6 --contents "$work/tree" "$work/ours.tar.xz"
        measure "$row tar" bash -c in_turn
        ;;
    esac
}

print_row() {
    local row=$1 peer best="" name
    for peer in tar bsdtar; do
        [[ -s "$work/samples/$row $peer" ]] || continue
        if [[ -z $best ]] || awk -v a="$(median "$row $peer")" -v b="$(median "$row $best")" 'BEGIN { exit !(a < b) }'
        then best=$peer; fi
    done
    name="$row mirrorctl"
    printf '%-14s %10.3f %10.3f (%-6s) %8.2fx %6s %9.1f\n' "$row" "$(median_seconds "$name")" \
        "$(median_seconds "$row $best")" "$best" \
        "$(awk -v a="$(median "$row $best")" -v b="$(median "$name")" 'BEGIN { print a / b }')" "${aim[$row]}" \
        "$(peak_mebibytes "$name")"
}

option[only]=${rows[*]}
option[tree]=
read_options "$@"
read -ra wanted <<<"${option[only]//,/ }"
((${#wanted[@]})) || wrong_usage "--only: missing row"
for row in "${wanted[@]}"; do
    [[ -v aim[$row] ]] || wrong_usage "--only $row: not one of ${rows[*]}"
done
for program in xz zstd gzip bsdtar; do
    type -P "$program" >/dev/null || die "$program: not installed (Debian: xz-utils zstd gzip libarchive-tools)"
done

set_up
mkdir "$work/tree"
if [[ -n ${option[tree]} ]]; then
    cp "${option[tree]}" "$work/root.tar"
elif [[ -n $small ]]; then
    tar -C /etc --numeric-owner -cf "$work/root.tar" . 2>/dev/null || die "/etc: cannot be read"
else
    type -P mmdebstrap >/dev/null || die "mmdebstrap: not installed: install it, or use --tree TAR"
    mmdebstrap --quiet --variant=minbase bookworm "$work/root.tar"
fi
tar -xf "$work/root.tar" -C "$work/tree" --numeric-owner
xz -6 -T2 --block-size=25165824 -c "$work/root.tar" >"$work/blocks.tar.xz"
xz -6 -T1 -c "$work/root.tar" >"$work/one.tar.xz"
zstd -q -3 -c "$work/root.tar" >"$work/root.tar.zst"
gzip -6 -c "$work/root.tar" >"$work/root.tar.gz"

for ((run = 0; run < runs; run++)); do
    for row in "${wanted[@]}"; do measure_row "$row"; done
done

echo "trees: $(du -m "$work/root.tar" | cut -f1) MiB, $(find "$work/tree" | wc -l) members, $(nproc) CPUs, median of $runs"
printf '%-14s %10s %10s %9s %8s %6s %9s\n' "" "seconds" "best peer" "" "ratio" "goal" "peak MiB"
for row in "${wanted[@]}"; do print_row "$row"; done

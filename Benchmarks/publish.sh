#!/usr/bin/env bash
# Compares publishing with rsync alone, and signing with gpg and gpgv, in one run: see --help.
set -euo pipefail
# shellcheck source=Benchmarks/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
usage: publish.sh [--runs N] [--small] [--work DIR] [MIRRORCTL]

Prints a Markdown table of medians:

first    publish tiny tarballs to an empty directory; compared with `rsync -a` with and without --delay-updates
         (without it, files that belong together appear minutes apart): 10,000 versions of 100 subarches
nothing  the same again, with nothing to send
many     both with 20,000 versions of 2,000 subarches, which have two links each
sign     sign and check 8 digested tarballs of 256 MiB in the page cache; compared with gpg and gpgv, running one
         process per CPU

MIRRORCTL   the binary to measure (default .build/release/mirrorctl)
--runs N    number of interleaved runs; the median is printed (default 5)
--small     use tiny mirrors, to test this script
--work DIR  make the mirrors here (default $TMPDIR or /tmp); needs 2.5 GiB and 400,000 files
END
}

read_options "$@"
for program in rsync gpg gpgv; do type -P "$program" >/dev/null || die "$program: not installed"; done
set_up
large=$work/large copy=$work/copy
declare -A mirrors=([few]="--subarches 100 --versions 100" [many]="--subarches 2000 --versions 10") names=()
tarballs=(--subarches 8 --versions 1 --size 256M)
if [[ -n $small ]]; then
    mirrors=([few]="--subarches 2 --versions 2" [many]="--subarches 4 --versions 1")
    tarballs=(--subarches 2 --versions 1 --size 1M)
fi

for kind in few many; do
    # shellcheck disable=SC2086
    make_mirror "$work/$kind" ${mirrors[$kind]} --size 16
    "$mirrorctl" upkeep --quiet --mirror "$work/$kind"
    names[$kind]=$(cd "$work/$kind" && find . -type f ! -path './*/.*' ! -path './.*' | wc -l)
done
make_mirror "$large" "${tarballs[@]}"
mkdir -m 700 "$work/gpg"
gpg=(gpg --batch --quiet --no-tty --homedir "$work/gpg")
"${gpg[@]}" --pinentry-mode loopback --passphrase '' --quick-generate-key 'Bench <bench@example.org>' ed25519 sign never \
    2>/dev/null
key=$("${gpg[@]}" --with-colons --list-keys | awk -F: '/^fpr/ { print $10; exit }')
"${gpg[@]}" --export >"$work/keyring"
printf '[section publish/copy]\nto: %s\n' "$copy" >"$work/publish.conf"
printf '[section signing]\nkey: %s\nhomedir: %s\n' "$key" "$work/gpg" >"$work/sign.conf"

"$mirrorctl" digestgen --quiet --mirror "$large"

# fresh: make an empty destination, and flush earlier writes so that no measurement waits for them.
fresh() {
    rm -rf "$copy"
    mkdir "$copy"
    sync -f "$copy"
}

signatures() { find "$large" -type f -name '*.gpg' | wc -l; }

for ((run = 0; run < runs; run++)); do
    for kind in few many; do
        mirror=$work/$kind
        for peer in "rsync -a" "rsync -a --delay-updates"; do
            fresh
            # shellcheck disable=SC2086
            measure "$kind first $peer" $peer --exclude '.*' "$mirror/" "$copy/"
            # shellcheck disable=SC2086
            measure "$kind nothing $peer" $peer --exclude '.*' "$mirror/" "$copy/"
        done
        fresh
        for state in first nothing; do
            measure "$kind $state mirrorctl publish" \
                "$mirrorctl" publish --mirror "$mirror" --config "$work/publish.conf"
        done
        found=$(cd "$copy" && find . -type f ! -path './project/*' | wc -l)
        [[ $found == "${names[$kind]}" ]] || die "$found of ${names[$kind]} files were published"
    done

    find "$large" -name '*.gpg' -delete
    export large keyring=$work/keyring home=$work/gpg
    # shellcheck disable=SC2016
    measure "sign gpg and gpgv" sh -c '
        find "$large" -name "*.tar.zst" -type f -print0 | xargs -0 -n1 -P"$(nproc)" sh -ec '\''
            gpg --batch --quiet --no-tty --homedir "$home" --digest-algo SHA512 --output "$1.gpg" --detach-sign "$1"
            gpgv --quiet --keyring "$keyring" "$1.gpg" "$1"
        '\'' sh'
    signed=$(signatures)
    find "$large" -name '*.gpg' -delete
    measure "sign mirrorctl digestgen" "$mirrorctl" digestgen --mirror "$large" --config "$work/sign.conf"
    (($(signatures) >= signed)) || die "mirrorctl made $(signatures) of $signed signatures"
done
gpgconf --homedir "$work/gpg" --kill all

# row ROW OURS PEER...: print the seconds, and our time as a multiple of each peer's.
row() {
    local row=$1 ours=$2 peer cells=
    shift 2
    for peer in "$@"; do
        cells+=$(awk -v name="$peer" -v peer="$(median "$row $peer")" -v ours="$(median "$row $ours")" \
            'BEGIN { printf "%s %.2f s (%.2f), ", name, peer / 1e6, ours / peer }')
    done
    printf '| %s | %.2f s, %.0f MiB | %s |\n' "$row" "$(median_seconds "$row $ours")" \
        "$(peak_mebibytes "$row $ours")" "${cells%, }"
}

echo "publish: ${names[few]} and ${names[many]} files, $(nproc) CPUs, median of $runs"
printf '| work | mirrorctl | peers, and our time as a multiple of theirs |\n| --- | --- | --- |\n'
for kind in few many; do
    for state in first nothing; do
        row "$kind $state" "mirrorctl publish" "rsync -a --delay-updates" "rsync -a"
    done
done
row sign "mirrorctl digestgen" "gpg and gpgv"

#!/usr/bin/env bash
# Compares publishing with rsync alone, and signing with gpg and gpgv, in one run: see --help.
set -euo pipefail
# shellcheck source=Benchmarks/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
usage: publish.sh [--runs N] [--small] [--work DIR] [MIRRORCTL]

Prints a Markdown table of medians:

first    publish 10,000 versions, each with one tiny tarball, to an empty directory; compared with `rsync -a` with and
         without --delay-updates (without it, files that belong together appear minutes apart)
nothing  the same again, with nothing to send
sign     sign and check 8 digested tarballs of 256 MiB in the page cache; compared with gpg and gpgv, running one
         process per CPU

MIRRORCTL   the binary to measure (default .build/release/mirrorctl)
--runs N    number of interleaved runs; the median is printed (default 5)
--small     use tiny mirrors, to test this script
--work DIR  make the mirrors here (default $TMPDIR or /tmp); needs 2.5 GiB and 120,000 files
END
}

read_options "$@"
for program in rsync gpg gpgv; do type -P "$program" >/dev/null || die "$program: not installed"; done
set_up
mirror=$work/mirror large=$work/large copy=$work/copy
subarches=(--subarches 100 --versions 100 --size 16)
tarballs=(--subarches 8 --versions 1 --size 256M)
if [[ -n $small ]]; then
    subarches=(--subarches 2 --versions 2 --size 16)
    tarballs=(--subarches 2 --versions 1 --size 1M)
fi

make_mirror "$mirror" "${subarches[@]}"
make_mirror "$large" "${tarballs[@]}"
mkdir -m 700 "$work/gpg"
gpg=(gpg --batch --quiet --no-tty --homedir "$work/gpg")
"${gpg[@]}" --pinentry-mode loopback --passphrase '' --quick-generate-key 'Bench <bench@example.org>' ed25519 sign never \
    2>/dev/null
key=$("${gpg[@]}" --with-colons --list-keys | awk -F: '/^fpr/ { print $10; exit }')
"${gpg[@]}" --export >"$work/keyring"
printf '[section publish/copy]\nto: %s\n' "$copy" >"$work/publish.conf"
printf '[section signing]\nkey: %s\nhomedir: %s\n' "$key" "$work/gpg" >"$work/sign.conf"

"$mirrorctl" upkeep --quiet --mirror "$mirror"
"$mirrorctl" digestgen --quiet --mirror "$large"
names=$(cd "$mirror" && find . -type f ! -path './*/.*' ! -path './.*' | wc -l)

# fresh: make an empty destination, and flush earlier writes so that no measurement waits for them.
fresh() {
    rm -rf "$copy"
    mkdir "$copy"
    sync -f "$copy"
}

signatures() { find "$large" -type f -name '*.gpg' | wc -l; }

for ((run = 0; run < runs; run++)); do
    for peer in "rsync -a" "rsync -a --delay-updates"; do
        fresh
        # shellcheck disable=SC2086
        measure "first $peer" $peer --exclude '.*' "$mirror/" "$copy/"
        # shellcheck disable=SC2086
        measure "nothing $peer" $peer --exclude '.*' "$mirror/" "$copy/"
    done
    fresh
    measure "first mirrorctl publish" "$mirrorctl" publish --mirror "$mirror" --config "$work/publish.conf"
    measure "nothing mirrorctl publish" "$mirrorctl" publish --mirror "$mirror" --config "$work/publish.conf"
    found=$(cd "$copy" && find . -type f ! -path './project/*' | wc -l)
    [[ $found == "$names" ]] || die "$found of $names files were published"

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

echo "publish: $names files, $(nproc) CPUs, median of $runs"
printf '| work | mirrorctl | peers, and our time as a multiple of theirs |\n| --- | --- | --- |\n'
row first "mirrorctl publish" "rsync -a --delay-updates" "rsync -a"
row nothing "mirrorctl publish" "rsync -a --delay-updates" "rsync -a"
row sign "mirrorctl digestgen" "gpg and gpgv"

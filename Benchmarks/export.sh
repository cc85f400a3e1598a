#!/usr/bin/env bash
# Compares `mirrorctl export` with the usual tools in one run, because only ratios on the same machine are comparable.
set -euo pipefail
# shellcheck source=Benchmarks/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
usage: export.sh [--runs N] [--only ROW[,ROW...]] [--tree TAR] [--small] [--work DIR] [MIRRORCTL]

Prints a table that compares mirrorctl with the usual tools, from a .tar.xz of a Debian root with a kernel to a finished
image and its SHA-256 digest. The compression levels are the same, or those that give about the same size (oci). Rows:

oci       xz -d, then umoci init, new, raw add-layer, tar     wsl       xz -d | pigz
nspawn    xz -t, then cp                                      squashfs  xz -d | tar2sqfs; tar -x, then mksquashfs
erofs     tar -x, then mkfs.erofs                             incus     xz -d | tar2sqfs, then tar | xz
raw       tar -x, then sfdisk, mformat, mcopy, mke2fs -d; virt-make-fs (if guestfs-tools are installed and work)
qcow2     the same, then qemu-img convert -c; virt-make-fs
iso       xz -d | tar2sqfs, tar -x of the kernel, then grub-mkrescue

One line per peer; the goal is for the fastest one, and 0.9 where that runs the same program.

MIRRORCTL   the binary to measure (default .build/release/mirrorctl)
--runs N    number of interleaved runs; the median is printed (default 5)
--only ROW  measure only these rows
--tree TAR  uncompressed tarball of the root (default: made by mmdebstrap; needs root and network)
--small     use /etc and /bin/busybox of this machine instead, without the rows raw, qcow2 and iso, to test this script
--work DIR  write all files here (default $TMPDIR or /tmp); needs 4 GiB; use a tmpfs to exclude the disk
END
}

rows=(oci wsl nspawn squashfs erofs incus raw qcow2 iso)
peers=(umoci pigz cp tar2sqfs mksquashfs mkfs.erofs mke2fs qemu-img grub-mkrescue virt-make-fs)
declare -A aim=(
    [oci]=1.0 [wsl]=1.0 [nspawn]=0.9 [squashfs]=0.9 [erofs]=0.9 [incus]=0.9 [raw]=0.9 [qcow2]=0.9
    [iso]=0.9
)
declare -A suffix=(
    [oci]=.oci.tar [wsl]=.wsl [nspawn]=.tar.xz [squashfs]=.squashfs [erofs]=.erofs [incus]=.incus.tar.xz
    [raw]=.raw [qcow2]=.qcow2 [iso]=.iso
)

with_umoci() {
    xz -dc "$work/root.tar.xz" >"$work/theirs/layer.tar"
    umoci init --layout "$work/theirs/layout"
    umoci new --image "$work/theirs/layout:latest"
    umoci raw add-layer --image "$work/theirs/layout:latest" "$work/theirs/layer.tar"
    tar -C "$work/theirs/layout" -cf "$work/theirs/image" .
}
with_pigz() { xz -dc "$work/root.tar.xz" | pigz -n >"$work/theirs/image"; }
with_cp() { xz -t "$work/root.tar.xz" && cp "$work/root.tar.xz" "$work/theirs/image"; }
with_tar2sqfs() { xz -dc "$work/root.tar.xz" | tar2sqfs -q -c zstd "$work/theirs/image"; }
# The files as a directory, $tree.
unpacked() {
    tree=$work/theirs/tree
    mkdir "$tree"
    tar -C "$tree" --numeric-owner --xattrs --xattrs-include='*' -xf "$work/root.tar.xz"
}
with_mksquashfs() { unpacked && mksquashfs "$tree" "$work/theirs/image" -quiet -no-progress -comp zstd; }
with_mkfs_erofs() { unpacked && mkfs.erofs --quiet -zlz4hc "$work/theirs/image" "$tree"; }
with_squashfs_and_tar() {
    with_tar2sqfs
    echo 'architecture: x86_64' >"$work/theirs/metadata.yaml"
    tar -C "$work/theirs" -cf - metadata.yaml | xz >"$work/theirs/metadata.tar.xz"
}
with_mke2fs() {
    local kernel
    unpacked
    truncate -s 1G "$work/theirs/image"
    printf '%s\n' 'label: gpt' 'start=2048, size=524288, type=U' 'start=526336, type=L' |
        sfdisk -q "$work/theirs/image"
    truncate -s 256M "$work/theirs/esp"
    mformat -i "$work/theirs/esp" -F ::
    for kernel in "$tree"/boot/vmlinuz-* "$tree"/boot/initrd.img-*; do mcopy -i "$work/theirs/esp" "$kernel" ::; done
    dd if="$work/theirs/esp" of="$work/theirs/image" bs=1M seek=1 conv=notrunc,sparse status=none
    mke2fs -q -F -t ext4 -E offset=$((526336 * 512)) -d "$tree" "$work/theirs/image" 785404k
}
with_qemu_img() {
    with_mke2fs
    qemu-img convert -f raw -O qcow2 -c -o compression_type=zstd "$work/theirs/image" "$work/theirs/disk"
    mv "$work/theirs/disk" "$work/theirs/image"
}
with_grub_mkrescue() {
    local live=$work/theirs/live
    mkdir -p "$live/LiveOS" "$live/boot/grub"
    xz -dc "$work/root.tar.xz" | tar2sqfs -q -c zstd "$live/LiveOS/squashfs.img"
    tar -C "$live" -xf "$work/root.tar.xz" --wildcards './boot/vmlinuz-*' './boot/initrd.img-*'
    echo 'linux /boot/vmlinuz root=live:CDLABEL=LIVE' >"$live/boot/grub/grub.cfg"
    grub-mkrescue -o "$work/theirs/image" "$live" -- -volid LIVE
}
with_virt_make_fs() {
    LIBGUESTFS_BACKEND=direct virt-make-fs --format="$1" --type=ext4 --partition=gpt --size=+512M \
        "$work/root.tar.xz" "$work/theirs/image"
}
# with_digest COMMAND...: run the command, which makes $work/theirs/image, and digest that.
with_digest() {
    set -euo pipefail
    "$@"
    sha256sum "$work/theirs/image"
}
export -f with_umoci with_pigz with_cp with_tar2sqfs unpacked with_mksquashfs with_mkfs_erofs with_squashfs_and_tar \
    with_mke2fs with_qemu_img with_grub_mkrescue with_virt_make_fs with_digest
export work

# theirs ROW PEER COMMAND...
theirs() {
    local row=$1 peer=$2
    shift 2
    rm -rf "$work/theirs"
    mkdir "$work/theirs"
    measure "$row $peer" bash -c 'with_digest "$@"' "$peer" "$@"
    du -m --apparent-size "$work/theirs/image" | cut -f1 >"$work/size $row $peer"
}

ours() {
    local row=$1
    shift
    rm -rf "$work/ours"
    mkdir "$work/ours"
    measure "$row mirrorctl" "$mirrorctl" export -q --to "$row" "$@" "$work/root.tar.xz" "$work/ours/image${suffix[$row]}"
    du -m --apparent-size "$work/ours" | tail -n 1 | cut -f1 >"$work/size $row mirrorctl"
}

measure_row() {
    local row=$1
    case $row in
    oci) ours oci --set level=4 && theirs oci umoci with_umoci ;;
    wsl) ours wsl --set level=6 && theirs wsl pigz with_pigz ;;
    nspawn) ours nspawn && theirs nspawn cp with_cp ;;
    squashfs)
        ours squashfs
        theirs squashfs tar2sqfs with_tar2sqfs
        theirs squashfs mksquashfs with_mksquashfs
        ;;
    erofs) ours erofs --set compression=lz4hc && theirs erofs mkfs.erofs with_mkfs_erofs ;;
    incus) ours incus && theirs incus tar2sqfs with_squashfs_and_tar ;;
    raw) ours raw && theirs raw mke2fs with_mke2fs ;;
    qcow2) ours qcow2 && theirs qcow2 qemu-img with_qemu_img ;;
    iso) ours iso && theirs iso grub-mkrescue with_grub_mkrescue ;;
    esac
    if [[ -n $guestfs && ($row == raw || $row == qcow2) ]]; then
        theirs "$row" virt-make-fs with_virt_make_fs "$row"
    fi
}

print_row() {
    local row=$1 peer best="" name
    for peer in "${peers[@]}"; do
        [[ -s "$work/samples/$row $peer" ]] || continue
        if [[ -z $best ]] || awk -v a="$(median "$row $peer")" -v b="$(median "$row $best")" 'BEGIN { exit !(a < b) }'
        then best=$peer; fi
    done
    name="$row mirrorctl"
    for peer in "${peers[@]}"; do
        [[ -s "$work/samples/$row $peer" ]] || continue
        printf '%-10s %9.3f %9.3f %-13s %7.2fx %5s %9.1f %9d %9d\n' "$row" "$(median_seconds "$name")" \
            "$(median_seconds "$row $peer")" "$peer" \
            "$(awk -v a="$(median "$row $peer")" -v b="$(median "$name")" 'BEGIN { print a / b }')" \
            "$([[ $peer == "$best" ]] && echo "${aim[$row]}")" "$(peak_mebibytes "$name")" \
            "$(<"$work/size $name")" "$(<"$work/size $row $peer")"
    done
}

option[only]=
option[tree]=
read_options "$@"
if [[ -z ${option[only]} ]]; then
    wanted=("${rows[@]}")
    [[ -z $small ]] || wanted=(oci wsl nspawn squashfs erofs incus)
else
    read -ra wanted <<<"${option[only]//,/ }"
fi
((${#wanted[@]})) || wrong_usage "--only: missing row"
for row in "${wanted[@]}"; do
    [[ -v aim[$row] ]] || wrong_usage "--only $row: not one of ${rows[*]}"
done
for program in xz pigz umoci tar2sqfs mksquashfs mkfs.erofs mke2fs sfdisk mcopy qemu-img grub-mkrescue; do
    PATH=$PATH:/usr/sbin:/sbin type -P "$program" >/dev/null ||
        die "$program: not installed (Debian: xz-utils pigz umoci squashfs-tools-ng squashfs-tools erofs-utils" \
            "e2fsprogs fdisk mtools qemu-utils grub-common xorriso)"
done
PATH=$PATH:/usr/sbin:/sbin

set_up
if [[ -n ${option[tree]} ]]; then
    cp "${option[tree]}" "$work/root.tar"
elif [[ -n $small ]]; then
    tar -C / --numeric-owner -cf "$work/root.tar" --transform 's,^bin/busybox,bin/sh,' etc bin/busybox 2>/dev/null ||
        die "/etc or /bin/busybox: cannot be read"
else
    type -P mmdebstrap >/dev/null || die "mmdebstrap: not installed: install it, or use --tree TAR"
    # shellcheck disable=SC2016  # mmdebstrap expands $1
    mmdebstrap --quiet --variant=minbase --include=linux-image-cloud-amd64,dracut,dracut-live,dmsetup,systemd-sysv,systemd-boot-efi \
        --aptopt='Apt::Install-Recommends "false"' \
        --essential-hook='install -d "$1/etc/dracut.conf.d"' \
        --essential-hook='echo "add_dracutmodules+=\" dmsquash-live \"" >"$1/etc/dracut.conf.d/live.conf"' \
        bookworm "$work/root.tar"
fi
xz -6 -T2 --block-size=25165824 -c "$work/root.tar" >"$work/root.tar.xz"
# Its own machine needs a kernel in /boot of this one.
guestfs=
mkdir "$work/probe"
if type -P virt-make-fs >/dev/null &&
    LIBGUESTFS_BACKEND=direct virt-make-fs "$work/probe" "$work/probe.img" >/dev/null 2>&1; then guestfs=yes; fi

for ((run = 0; run < runs; run++)); do
    for row in "${wanted[@]}"; do measure_row "$row"; done
done

echo "export: $(du -m "$work/root.tar" | cut -f1) MiB, $(tar -tf "$work/root.tar" | wc -l) members, $(nproc) CPUs, median of $runs"
printf '%-10s %9s %9s %-13s %8s %5s %9s %9s %9s\n' "" "seconds" "peer" "" "ratio" "goal" "peak MiB" "MiB" "peer MiB"
for row in "${wanted[@]}"; do print_row "$row"; done

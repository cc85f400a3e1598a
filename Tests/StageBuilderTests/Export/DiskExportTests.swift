import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("export of disks", .enabled(if: Host.isRoot, "needs root to create files of other users"))
struct DiskExportTests {
  private let workspace: Workspace
  private static let epoch = "1795348800"

  init() throws {
    workspace = try Workspace()
    try workspace.shell(
      """
      mkdir -p root/bin root/boot root/etc/conf.d root/usr/lib/modules root/usr/share root/usr/lib/systemd/boot/efi
      cp "$(command -v busybox)" root/bin/busybox; ln -s busybox root/bin/sh; ln root/bin/busybox root/bin/second
      printf 'NAME=Tiny\\nID=tiny\\nPRETTY_NAME="Tiny 1"\\n' > root/etc/os-release
      printf 'c1:12345:respawn:/sbin/agetty 38400 tty1 linux\\n#s0:12345:respawn:x ttyS0\\n' > root/etc/inittab
      printf '/dev/ROOT / ext3 noatime 0 1\\n' > root/etc/fstab
      echo 'hostname="localhost"' > root/etc/conf.d/hostname
      echo 0123456789abcdef0123456789abcdef > root/etc/machine-id
      for version in 6.9.12-gentoo-dist 6.12.3-gentoo-dist 6.12.3-gentoo-dist.old; do
        echo kernel $version > root/boot/kernel-$version; echo initramfs $version > root/boot/initramfs-$version.img
      done
      echo kernel > root/boot/vmlinuz-6.13.0-without-initramfs
      echo loader > root/usr/lib/systemd/boot/efi/systemd-bootx64.efi
      cp root/usr/lib/systemd/boot/efi/systemd-bootx64.efi root/usr/lib/systemd/boot/efi/systemd-bootaa64.efi
      truncate -s 3M root/usr/share/hole; echo end >> root/usr/share/hole; echo x > 'root/usr/share/a "b" <2> $c'
      chmod 640 root/usr/share/hole; chown 7:8 root/usr/share/hole; chmod 1777 root/usr/share; mkfifo root/usr/share/fifo
      setfattr -n user.note -v text root/usr; setcap cap_net_raw+ep root/bin/busybox
      find root -exec touch -hd 2026-11-20T10:00:00Z {} +
      tar --xattrs --xattrs-include='*' --acls -C root -cf stage3.tar .
      """)
  }

  /// Runs the verb with this umask and time zone; `@` stands for the working directory.
  private func export(
    _ arguments: [String], umask: String = "022", zone: String = "UTC", user: [String] = []
  ) throws -> Outcome {
    try workspace.run(
      user + [
        "env", "TZ=\(zone)", "sh", "-c", "umask \(umask); exec \"$@\"", "sh", Program.path.string, "export",
      ]
        + ["--epoch", Self.epoch]
        + arguments.map { $0.hasPrefix("@") ? "\(workspace.path)/\($0.dropFirst())" : $0 })
  }

  /// Writes the root of a disk to a file of its own.
  private func root(of disk: String) throws {
    try workspace.shell(
      """
      set -- $(sfdisk -J \(disk) | python3 -c '
      import json, sys
      for p in json.load(sys.stdin)["partitiontable"]["partitions"]: print(p["start"], p["size"])')
      dd if=\(disk) of=\(disk).ext4 bs=512 skip=$3 count=$4 conv=sparse status=none
      """)
  }

  @Test(
    "the same files, as a tarball or elsewhere, with other threads, umask, time zone and user, give the same bytes"
  )
  func reproducible() throws {
    try workspace.shell("mkdir -p deep/er; cp -a root deep/er/; mkdir out")
    let small = ["--set", "size=200M", "--set", "esp=40M"]
    for (stage, image, jobs, umask, zone) in [
      ("root", "a", "1", "077", "UTC"), ("deep/er/root", "b", "3", "000", "Asia/Tokyo"),
      ("stage3.tar", "c", "2", "022", "America/New_York"),
    ] {
      for format in ["raw", "qcow2"] {
        let outcome = try export(
          small + ["-j", jobs, "@\(stage)", "@\(image).\(format)"], umask: umask, zone: zone)
        try #require(outcome.status == 0, "\(outcome.errorText)")
      }
    }
    try workspace.shell(
      "for i in b c; do cmp a.raw $i.raw; cmp a.qcow2 $i.qcow2; done; ls -A | grep '^[.]' && exit 1 || :")
    if OrdinaryUser.isPossible {
      let user = try OrdinaryUser()
      try workspace.shell("chown \(user.name): out")
      let outcome = try export(small + ["@stage3.tar", "@out/d.raw"], user: user.asUser)
      try #require(outcome.status == 0, "\(outcome.errorText)")
      try workspace.shell("cmp a.raw out/d.raw")
    }
    try root(of: "a.raw")
    try workspace.shell(
      """
      e2fsck -fn a.raw.ext4; sfdisk --verify a.raw; qemu-img check a.qcow2
      qemu-img convert -O raw a.qcow2 back.raw; cmp a.raw back.raw
      """)
  }

  @Test("the root of the disk has every file of the stage")
  func files() throws {
    let outcome = try export([
      "--set", "size=200M", "--set", "esp=40M", "--set", "fstab=keep", "@stage3.tar", "@a.raw",
    ])
    try #require(outcome.status == 0, "\(outcome.errorText)")
    try root(of: "a.raw")
    try workspace.shell("mkdir found; debugfs -R 'rdump / found' a.raw.ext4 2> /dev/null")
    for root in ["root", "found"] {
      // The changes: the mount point, a console, and no ID of a machine. debugfs cannot write FIFOs.
      try workspace.shell(
        """
        cd \(root)
        find . -mindepth 1 ! -path ./efi ! -path './lost+found' ! -type p ! -path ./etc ! -path ./etc/inittab \\
          ! -path ./etc/machine-id ! -path ./usr/share -printf '%p %y %m %U %G %Ts %l\\n' |
          sed 's/ [0-9]* \\(busybox\\)$/ \\1/' | sort > ../\(root).list
        find . -type f ! -path ./etc/inittab ! -path ./etc/machine-id -exec sha256sum {} + | sort >> ../\(root).list
        """)
    }
    let difference = try workspace.run([
      "diff", "\(workspace.path)/root.list", "\(workspace.path)/found.list",
    ])
    #expect(difference.status == 0, "\(difference.text)")
    let text = try workspace.shell(
      """
      for command in 'stat /bin/second' 'stat /usr/share/fifo' 'stat /bin/sh' 'stat /usr/share' 'ea_get /usr user.note' \\
        'ea_get -x /bin/busybox security.capability' 'stat /usr/share/hole'; do
        debugfs -R "$command" a.raw.ext4 2>&1
      done
      """
    ).text
    for part in [
      "Links: 2", "Type: FIFO", "Mode: 01777", "mtime: 0x6b001a20:00000000", "text",
      "010000020020000000000000000000000000",
    ] {
      #expect(
        text.replacingOccurrences(of: " ", with: "").contains(part.replacingOccurrences(of: " ", with: "")),
        "\(text)")
    }
  }

  @Test("settings change the parameters of the kernel, files of the stage and the size")
  func settings() throws {
    try workspace.shell(
      "mkdir -p root/usr/bin; echo x > root/usr/bin/cloud-init; touch root/usr/bin/kernel-install")
    let outcome = try export([
      "--set", "size=2G", "--set", "esp=64M", "--set", "console=tty0 ttyS1,9600", "--set",
      "cmdline=quiet net.ifnames=0",
      "--set", "hostname=node.example", "--set", "variant=cloud-init", "--set", "datasources=NoCloud Ec2",
      "--set", "compression=zlib", "@root", "@a.qcow2",
    ])
    try #require(outcome.status == 0, "\(outcome.errorText)")
    try workspace.shell("qemu-img convert -O raw a.qcow2 a.raw; test $(stat -c %s a.raw) = $((2 << 30))")
    try root(of: "a.raw")
    let entry = try workspace.shell(
      """
      for file in loader/entries/tiny-6.12.3-gentoo-dist.conf tiny/6.12.3-gentoo-dist/initrd \
        tiny/6.12.3-gentoo-dist/linux EFI/systemd/systemd-boot*.efi; do
        mcopy -i a.raw@@1M "::/$file" -
      done
      """
    ).text
    let root = try #require(entry.split(separator: " ").first { $0.hasPrefix("root=PARTUUID=") }).dropFirst(5)
    for part in [
      "title Tiny 1", " console=tty0 console=ttyS1,9600 quiet net.ifnames=0\n",
      "initrd /tiny/6.12.3-gentoo-dist/initrd",
      "initramfs 6.12.3-gentoo-dist\n", "kernel 6.12.3-gentoo-dist\n", "loader\n",
    ] {
      #expect(entry.contains(part), "\(entry)")
    }
    for (file, part) in [
      ("etc/fstab", "\(root) / ext4 defaults 0 1\n"), ("etc/fstab", " /efi vfat "),
      ("etc/hostname", "node.example\n"),
      ("etc/conf.d/hostname", "hostname=\"node.example\""), ("etc/inittab", "agetty -L 115200 ttyS1 vt100\n"),
      ("etc/kernel/cmdline", "quiet net.ifnames=0\n"), ("etc/kernel/entry-token", "tiny\n"),
      ("etc/cloud/cloud.cfg.d/95_mirrorctl.cfg", "datasource_list: [ NoCloud, Ec2 ]\n"),
    ] {
      let text = try workspace.shell("debugfs -R 'cat /\(file)' a.raw.ext4 2> /dev/null").text
      #expect(text.contains(part), "\(file): \(text)")
    }
    #expect(
      try workspace.shell("debugfs -R 'stat /etc/machine-id' a.raw.ext4 2> /dev/null").text.contains(
        "Size: 0"))
    // The stage itself is not changed.
    try workspace.shell("test ! -e root/etc/hostname; grep -q /dev/ROOT root/etc/fstab")
  }

  @Test("Btrfs, and disks for other virtual machines", arguments: ["vhd", "vmdk", "qcow2"])
  func others(format: String) throws {
    let system = format == "qcow2" ? "btrfs" : "ext4"
    let outcome = try export([
      "--set", "size=\(system == "ext4" ? 200 : 400)M", "--set", "esp=40M", "--set", "filesystem=\(system)",
      "@root", "@a.\(format)",
    ])
    try #require(outcome.status == 0, "\(outcome.errorText)")
    let name = format == "vhd" ? "vpc" : format
    try workspace.shell(
      """
      qemu-img convert -f \(name) -O raw a.\(format) a.raw; sfdisk --verify a.raw
      test $(( $(qemu-img info --output=json -f \(name) a.\(format) | python3 -c 'import json, sys
      print(json.load(sys.stdin)["virtual-size"])') % 1048576 )) = 0
      """)
    try root(of: "a.raw")
    try workspace.shell(system == "ext4" ? "e2fsck -fn a.raw.ext4" : "btrfs check a.raw.ext4")
  }

  @Test("a command of debugfs that fails is an error, although debugfs ends with status 0")
  func debugfs() throws {
    try workspace.shell(
      """
      mkdir own list; printf '%s\\n' '#!/bin/sh' 'sed "s/<12> atime/<12> nothing/" | /usr/sbin/debugfs "$@"' > own/debugfs
      chmod +x own/debugfs; ls -A > list/before
      """)
    let outcome = try export(
      ["--set", "size=200M", "--set", "esp=40M", "@root", "@a.raw"],
      user: ["env", "PATH=\(workspace.path)/own:/usr/sbin:/usr/bin:/sbin:/bin"])
    #expect(outcome.status == 1)
    #expect(
      outcome.errorText.contains("debugfs: failed to set times: sif: invalid field specifier: nothing"),
      "\(outcome.errorText)")
    try workspace.shell("ls -A | diff list/before -")
  }

  @Test("a stage that cannot boot is refused, with the package or setting that it needs")
  func refused() throws {
    try workspace.shell(
      """
      cp -a root none; rm none/boot/*; tar -C none -cf none.tar .
      cp -a root bare; rm bare/boot/initramfs*
      mkdir -p list; ls -A > list/before
      """)
    for (arguments, message) in [
      (
        ["@none.tar", "@x.raw"],
        "none.tar: has no kernel in /boot or /usr/lib/modules: install linux-image-amd64"
      ),
      (["@none", "@x.raw"], "sys-kernel/gentoo-kernel-bin"),
      (
        ["@bare", "@x.raw"], "bare: has no initramfs for the kernel 6.13.0-without-initramfs: install dracut"
      ),
      (
        ["--set", "variant=cloud-init", "@root", "@x.raw"],
        "root: has no /usr/bin/cloud-init: install cloud-init"
      ),
      (["--set", "size=300M", "@root", "@x.raw"], "size: is less than the stage needs: use at least 3"),
      (["--set", "size=1000", "@root", "@x.raw"], "export/raw/size: is not a multiple of 1M"),
      (["--set", "esp=1M", "@root", "@x.raw"], "export/raw/esp: is less than 36M"),
      (
        ["--set", "filesystem=xfs", "@root", "@x.raw"],
        "filesystem: xfs is not offered: mkfs.xfs cannot store"
      ),
      (
        ["--set", "filesystem=zfs", "@root", "@x.raw"],
        "filesystem: `zfs` is not valid: use some of: ext4, btrfs"
      ),
      (["--set", "hostname=a b", "@root", "@x.raw"], "`a b` is not a name of a host"),
      (["--set", "compression=zlib", "@root", "@x.raw"], "compression: is not a setting"),
      (["--set", "architecture=s390x", "@root", "@x.raw"], "64-bit S/390: does not boot by UEFI"),
    ] {
      let outcome = try export(arguments)
      #expect(outcome.status != 0)
      #expect(outcome.errorText.contains(message), "\(arguments) \(outcome.errorText)")
    }
    try workspace.shell("ls -A | diff list/before -")
    let outcome = try export(["--set", "initramfs=no", "@bare", "@x.raw"])
    #expect(outcome.status == 0, "\(outcome.errorText)")
  }
}

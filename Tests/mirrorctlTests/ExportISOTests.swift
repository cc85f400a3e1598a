import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("export of live images", .enabled(if: LiveHost.isPossible, "needs root, xorriso and GRUB"))
struct ExportISOTests {
  private let site: ExportSite
  private var workspace: Workspace { site.workspace }
  private static let quick = ExportSite.epoch + ["--set", "squashfs/level=1"]

  init() throws {
    site = try ExportSite()
    try site.makeBootable()
  }

  private func make(_ arguments: [String], umask: String = "022", zone: String = "UTC") throws {
    let outcome = try site.export(Self.quick + arguments, umask: umask, zone: zone)
    try #require(outcome.status == 0, "\(outcome.errorText)")
  }

  /// Copies a file out of an image.
  private func file(_ name: String, of image: String) throws -> String {
    try workspace.shell(
      "rm -f file; xorriso -osirrox on -indev \(image) -extract /\(name) file > /dev/null 2>&1; cat file"
    ).text
  }

  @Test("a live image has what BIOS, UEFI, GRUB and dracut look for")
  func structure() throws {
    try make(["@stage3.tar.xz", "@x.iso"])
    let report = try workspace.shell(
      "xorriso -indev x.iso -report_el_torito plain -report_system_area plain -pvd_info 2>&1"
    ).text
    for part in [
      "El Torito boot img :   1  BIOS  y   none", "El Torito boot img :   2  UEFI  y   none",
      "El Torito img opts :   1  boot-info-table grub2-boot-info", "Volume Id    : LINUX-LIVE-20261122",
      "MBR partition      :   2   0x80", "Creation Time: 2026112212000000",
    ] {
      #expect(report.contains(part), "\(part): \(report)")
    }
    let menu = try file("boot/grub/grub.cfg", of: "x.iso")
    let parameters =
      "'root=live:CDLABEL=LINUX-LIVE-20261122' 'rd.live.image' 'rd.live.overlay.overlayfs=1' 'console=tty0'"
    #expect(menu.contains("linux /boot/vmlinuz \(parameters) 'console=ttyS0,115200'\n"), "\(menu)")
    #expect(menu.contains("menuentry 'Tiny' {") && menu.contains("set timeout=5\n"), "\(menu)")
    try workspace.shell(
      """
      xorriso -osirrox on -indev x.iso -extract /boot boot > /dev/null 2>&1
      cmp boot/vmlinuz vmlinuz; cmp boot/initramfs.img root/boot/initramfs-6.12.3-tiny.img
      start=$(sfdisk -J x.iso | python3 -c '
      import json, sys
      for p in json.load(sys.stdin)["partitiontable"]["partitions"]:
        if p["type"] == "C12A7328-F81F-11D2-BA4B-00A0C93EC93B": print(p["start"])')
      mcopy -i x.iso@@$((start * 512)) ::/EFI/BOOT/BOOTX64.EFI boot/; head -c 2 boot/BOOTX64.EFI | grep -q MZ
      """)
  }

  @Test(
    "its root has every file of the stage, from a tarball and from a directory",
    .enabled(if: ImageHost.mounts, "images cannot be mounted here"))
  func files() throws {
    let list = ExportSite.list(time: "%Ts", attributes: "^(user|security.capability)")
    try workspace.shell("mkdir m; cd root; \(list) > ../expected")
    for stage in ["root", "stage3.tar.xz"] {
      try make(["@\(stage)", "@x.iso"])
      try workspace.shell(
        """
        cat > list <<'END'
        \(list)
        END
        rm -f squashfs.img; xorriso -osirrox on -indev x.iso -extract /LiveOS/squashfs.img squashfs.img > /dev/null 2>&1
        unshare -m sh -ec 'mount -t squashfs -o loop,ro squashfs.img m; cd m; sh ../list' > found
        """)
      let difference = try workspace.run([
        "diff", "\(workspace.path)/expected", "\(workspace.path)/found",
      ])
      #expect(difference.status == 0, "\(stage): \(difference.text)")
    }
  }

  @Test(
    "the same files at another place, by another user, with other threads, umask and time zone, give the same bytes"
  )
  func reproducible() throws {
    try workspace.shell("mkdir -p deep/er; cp -a root deep/er/; mkdir own; chown 65534:65534 own")
    try make(["-j", "1", "@root", "@a.iso"], umask: "077")
    try make(["-j", "3", "@deep/er/root", "@b.iso"], umask: "000", zone: "Asia/Tokyo")
    try workspace.shell("cmp a.iso b.iso; stat -c %a a.iso b.iso | grep -v 644 && exit 1 || :")
    // An ordinary user needs no subordinate IDs.
    guard Owner.works else { return }
    try make(["@stage3.tar.xz", "@c.iso"])
    try workspace.shell("chmod 755 .")
    let outcome = try workspace.run(
      Owner.command + [Program.path.string, "export"]
        + site.expanded(Self.quick + ["@stage3.tar.xz", "@own/d.iso"]))
    try #require(outcome.status == 0, "\(outcome.errorText)")
    try workspace.shell("cmp c.iso own/d.iso; test \"$(ls -A own)\" = d.iso")
  }

  @Test("settings change the label, the menu and the parameters of the kernel")
  func settings() throws {
    try make([
      "--set", "label=Rescue_1.0-a", "--set", "console=ttyS1,9600 tty0", "--set", "cmdline=quiet a=$b;c",
      "--set", "timeout=0", "--set", "squashfs/compression=gz", "@root", "@x.iso",
    ])
    let menu = try file("boot/grub/grub.cfg", of: "x.iso")
    for part in [
      "'root=live:CDLABEL=Rescue_1.0-a'", "'console=ttyS1,9600' 'console=tty0' 'quiet' 'a=$b;c'\n",
      "set timeout=0\n", "serial --unit=1 --speed=9600;",
    ] {
      #expect(menu.contains(part), "\(menu)")
    }
  }

  @Test("a stage or a setting that is not suitable is refused, with what helps")
  func refused() throws {
    try workspace.shell(
      """
      cp -a root none; rm none/boot/*; tar --sort=name -C none -cf none.tar .
      cp -a root bare; rm bare/boot/initramfs*; cp -a root other
      : > module; bsdtar --format newc -cf other/boot/initramfs-6.12.3-tiny.img module; ls -A > before
      """)
    for (arguments, message) in [
      (
        ["@none.tar", "@x.iso"],
        "none.tar: has no kernel in /boot or /usr/lib/modules: install linux-image-amd64"
      ),
      (["@none", "@x.iso"], "sys-kernel/gentoo-kernel-bin"),
      (["@bare", "@x.iso"], "bare: has no initramfs for the kernel 6.12.3-tiny: install dracut"),
      (
        ["@other", "@x.iso"],
        "other: boot/initramfs-6.12.3-tiny.img: does not have dracut's module dmsquash-live, which mounts"
      ),
      (
        ["--set", "label=a b", "@root", "@x.iso"],
        "export/iso/label: `a b` is not a label: use up to 32 letters"
      ),
      (["--set", "label=\(String(repeating: "x", count: 33))", "@root", "@x.iso"], "is not a label"),
      (["--set", "console=a;b", "@root", "@x.iso"], "`a;b` is not a console"),
      (["--set", "cmdline=a='b'", "@root", "@x.iso"], "cmdline: contains quotation marks or backslashes"),
      (["--set", "timeout=soon", "@root", "@x.iso"], "timeout: `soon` is not a number from 0 to 3600"),
      (["--set", "squashfs/level=30", "@root", "@x.iso"], "export/iso/squashfs/level: `30` is not a number"),
      (["--set", "squashfs/levels=3", "@root", "@x.iso"], "did you mean level?"),
      (["--set", "architecture=riscv64", "@root", "@x.iso"], "cannot have live images"),
    ] {
      let outcome = try site.export(arguments)
      #expect(outcome.status != 0 && outcome.errorText.contains(message), "\(arguments) \(outcome.errorText)")
    }
    try workspace.shell("ls -A | diff before -")
  }

  @Test("a device or a directory with the name of the image is left as it is")
  func device() throws {
    try workspace.shell("mkdir x.iso; mknod y.iso c 1 7; ls -lAd --full-time x.iso y.iso > before")
    for name in ["x.iso", "y.iso"] {
      let outcome = try site.export(Self.quick + ["@root", "@\(name)"])
      #expect(outcome.status == 5, "\(outcome.errorText)")
      #expect(outcome.errorText.contains("/\(name): exists, and is not a file: give the name of a file"))
    }
    try workspace.shell("ls -lAd --full-time x.iso y.iso | diff before -")
  }

  @Test("programs and modules of GRUB that are missing are named with their packages before anything is made")
  func missing() throws {
    try workspace.shell(": > before; ls -A > before")
    let (program, modules) = (
      "mount --bind /dev/null \"$(command -v xorriso)\"", "mount -t tmpfs none /usr/lib/grub"
    )
    for (hidden, message) in [
      (
        program,
        "xorriso: is not installed, but images of format iso need it: install xorriso (Debian) or dev-libs/libisoburn (Gentoo)"
      ),
      (modules, "/usr/lib/grub/i386-pc, /usr/lib/grub/x86_64-efi: are not installed, but live images for"),
      (modules, "install grub-pc-bin grub-efi-amd64-bin (Debian) or sys-boot/grub with GRUB_PLATFORMS=pc"),
    ] {
      let outcome = try workspace.run(
        ["unshare", "-m", "sh", "-c", "\(hidden) && exec \"$@\"", "sh", Program.path.string, "export"]
          + site.expanded(["@root", "@x.iso"]))
      #expect(outcome.status == 5 && outcome.errorText.contains(message), "\(outcome.errorText)")
    }
    try workspace.shell("ls -A | diff before -")
  }
}

/// What this machine permits in tests of live images.
enum LiveHost {
  /// Whether they can be made.
  static let isPossible =
    geteuid() == 0 && ["xorriso", "grub-mkimage", "mcopy", "tar2sqfs", "bsdtar"].allSatisfy(Tool.exists)
    && ["i386-pc", "x86_64-efi"].allSatisfy { FileManager.default.fileExists(atPath: "/usr/lib/grub/\($0)") }
}

import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// Live images and disks in machines of QEMU. A kernel that prints its parameters takes seconds; a Debian system, some
/// minutes, which only the long form of the tests does.
@Suite(
  "an exported image in a machine",
  .enabled(if: LiveHost.isPossible && Tool.exists("qemu-system-x86_64"), "needs root, xorriso, GRUB and qemu")
)
struct ExportTrialTests {
  private let site: ExportSite
  private var workspace: Workspace { site.workspace }

  init() throws {
    site = try ExportSite()
    try site.makeBootable()
  }

  private func configure(_ text: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(workspace.path)/conf"))
  }

  private func test(_ arguments: [String]) throws -> Outcome {
    try workspace.run(
      [Program.path.string, "test", "--architecture", "amd64", "--work", "\(workspace.path)/work"]
        + site.expanded(arguments))
  }

  @Test(
    "a live image starts its kernel with its initramfs, as a disc and as a USB drive, by BIOS and UEFI",
    arguments: Soak.isFull
      ? ["both scsi", "both usb", "both sata", "both virtio"] : ["both scsi", "bios usb"])
  func starts(machine: String) throws {
    let made = try site.export(ExportSite.epoch + ["--set", "timeout=1", "@root", "@x.iso"])
    try #require(made.status == 0, "\(made.errorText)")
    let words = machine.split(separator: " ").map(String.init)
    // As a disc, an image has the name of one.
    let name = words[1] == "scsi" ? "x.iso" : "x.raw"
    try workspace.shell("[ -e \(name) ] || mv x.iso \(name)")
    let outcome = try test([
      "--firmware", words[0], "--disk", words[1], "--memory", "256M", "--timeout", "5m", "--expect",
      "root=live:CDLABEL=LINUX-LIVE-20261122 .*console=ttyS0,115200 070701.*dmsquash-live",
      "@\(name)",
    ])
    #expect(outcome.status == 0, "\(outcome.text) \(outcome.errorText)")
    #expect(outcome.text.split(separator: "\n").count == (words[0] == "both" ? 2 : 1))
  }

  @Test(
    "a live image of Debian starts to a login at the serial console",
    .enabled(if: Soak.isFull && BootRoot.isPossible, "takes minutes"), .timeLimit(.minutes(20)),
    arguments: ["both scsi", "both virtio"])
  func debian(machine: String) throws {
    let root = try BootRoot.put(in: workspace)
    let made = try workspace.run([
      Program.path.string, "export", "--set", "squashfs/level=3", root.string, "\(workspace.path)/x.iso",
    ])
    try #require(made.status == 0, "\(made.errorText)")
    let words = machine.split(separator: " ").map(String.init)
    let name = words[1] == "scsi" ? "x.iso" : "x.raw"
    try workspace.shell("[ -e \(name) ] || mv x.iso \(name)")
    let outcome = try test(["--firmware", words[0], "--disk", words[1], "--memory", "1G", "@\(name)"])
    #expect(outcome.status == 0, "\(outcome.text) \(outcome.errorText)")
  }

  @Test("an image that must boot gets its name when it has booted, with the bytes that it has without a test")
  func passes() throws {
    try configure(
      """
      [section export/iso]
      test: yes
      timeout: 0
      [section test]
      firmware: bios
      memory: 256M
      expect: CDLABEL=LINUX-LIVE-20261122
      # That of the stage is right.
      architecture: riscv64
      """)
    let arguments = ExportSite.epoch + ["--config", "@conf", "@root"]
    let outcome = try site.export(arguments + ["@out.iso"])
    try #require(outcome.status == 0, "\(outcome.errorText)")
    #expect(outcome.text.contains("exported \(workspace.path)/out.iso, iso for amd64, "), "\(outcome.text)")
    let plain = try site.export(arguments + ["--set", "test=no", "@plain.iso"])
    try #require(plain.status == 0, "\(plain.errorText)")
    try workspace.shell("cmp out.iso plain.iso; ls -A | grep '[.]export' && exit 1 || :")
  }

  @Test(
    "an image that does not boot gets no name, and the end of its console is shown",
    arguments: ["iso", "raw"])
  func fails(format: String) throws {
    // systemd-boot of this stage is no program.
    let loader = "usr/lib/systemd/boot/efi/systemd-bootx64.efi"
    try workspace.shell(
      "mkdir -p root/\(loader); rmdir root/\(loader); echo loader > root/\(loader); ls -A > before")
    let more =
      format == "iso"
      ? ["--set", "cmdline=Kernel panic - not syncing: no root", "--set", "timeout=0"]
      : ["--set", "size=200M", "--set", "esp=40M"]
    try configure("[section test]\nmemory: 256M\nfirmware: \(format == "iso" ? "bios" : "uefi")\n")
    try workspace.shell("ls -A > before")
    let outcome = try site.export(
      ExportSite.epoch + ["--config", "@conf", "--set", "test=yes"] + more + ["@root", "@out.\(format)"])
    #expect(outcome.status == 1 && outcome.text == "", "\(outcome.text)")
    let (machine, reason) =
      format == "iso" ? ("BIOS", "the kernel panicked") : ("UEFI", "the UEFI firmware found nothing to boot")
    #expect(
      outcome.errorText.contains("/out.\(format): failed its test: booted with \(machine)")
        && outcome.errorText.contains(": \(reason): see the end of its console\n"), "\(outcome.errorText)")
    #expect(outcome.errorText.contains("mirrorctl: | "), "\(outcome.errorText)")
    if format == "iso" { #expect(outcome.errorText.contains("no root 070701"), "\(outcome.errorText)") }
    try workspace.shell("ls -A | diff before -")
  }

  @Test("what a test needs is named before anything is made")
  func refused() throws {
    try workspace.shell(": > before; ls -A > before")
    let hidden = "mount --bind /dev/null \"$(command -v qemu-system-x86_64)\" && exec \"$@\""
    for (wrapper, arguments, status, message) in [
      (
        ["unshare", "-m", "sh", "-c", hidden, "sh"], ["@root", "@x.iso"], 5,
        "qemu-system-x86_64: is not installed, but tests of images need it: install qemu-system-x86"
      ),
      (
        [], ["@root", "@x.oci.tar"], 1, "export/oci/test: is not possible for format oci, which does not boot"
      ),
      ([], ["--set", "architecture=386", "@root", "@x.iso"], 5, "images for it cannot be booted here"),
      ([], ["--set", "test=maybe", "@root", "@x.iso"], 1, "export/iso/test: `maybe`"),
    ] as [([String], [String], Int32, String)] {
      let outcome = try workspace.run(
        wrapper + [Program.path.string, "export", "--set", "test=yes"] + site.expanded(arguments))
      #expect(outcome.status == status && outcome.errorText.contains(message), "\(outcome.errorText)")
    }
    try workspace.shell("ls -A | diff before -")
  }
}

import Foundation
import SystemPackage
import TestSupport
import Testing

/// Disks of a Debian root with a kernel and systemd, which `mirrorctl test` boots with OVMF.
///
/// One takes a minute under emulation; all of them, with `MIRRORCTL_SOAK=full`, a quarter of an hour.
@Suite(
  "disks of a Debian root", .serialized,
  .enabled(if: BootRoot.isPossible, "needs root, mmdebstrap and qemu"))
struct DiskBootTests {
  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  private func run(_ arguments: [String]) throws -> Outcome {
    try workspace.run([Program.path.string] + arguments)
  }

  /// Exports a stage to an image with these settings.
  private func export(_ stage: FilePath, _ image: String, _ settings: [String]) throws {
    let made = try run(
      ["export"] + settings.flatMap { ["--set", $0] } + [stage.string, "\(workspace.path)/\(image)"])
    try #require(made.status == 0, "\(made.errorText)")
  }

  /// Boots an image until its console has a line with this expression.
  private func boot(_ image: String, expecting expected: String) throws {
    let booted = try run(
      [
        "test", "--firmware", "uefi", "--expect", expected, "--work", "\(workspace.path)/work",
        "\(workspace.path)/\(image)",
      ])
    #expect(booted.status == 0, "\(booted.errorText)")
  }

  @Test(
    "boot by UEFI to a login prompt on the serial console",
    arguments: Soak.isFull
      ? ["qcow2 ext4", "raw ext4", "vhd ext4", "vmdk ext4", "qcow2 btrfs"] : ["qcow2 ext4"])
  func boots(_ kind: String) throws {
    let words = kind.split(separator: " ")
    try export(
      try BootRoot.put(in: workspace), "disk.\(words[0])",
      ["filesystem=\(words[1])", "hostname=exported"])
    try boot("disk.\(words[0])", expecting: "^exported login:")
  }

  @Test("boot if they belong to an image for Incus", .enabled(if: Soak.isFull))
  func incus() throws {
    try export(
      try BootRoot.put(in: workspace), "machine.incus.tar.xz",
      ["disk=yes", "disk/hostname=guest", "squashfs/level=1"])
    try boot("machine.qcow2", expecting: "^guest login:")
  }

  @Test("get their name from cloud-init, if the stage has it", .enabled(if: Soak.isFull))
  func cloud() throws {
    let stage = try BootRoot.put(in: workspace, with: "cloud-init")
    try workspace.shell(
      """
      mkdir -p seed/var/lib/cloud/seed/nocloud; cd seed/var/lib/cloud/seed/nocloud
      echo 'instance-id: one' > meta-data; printf '#cloud-config\\nhostname: cloudy\\n' > user-data
      cd "$OLDPWD"; zstd -qdc '\(stage)' > stage4.tar; tar -C seed --owner=0 --group=0 -rf stage4.tar ./var
      """)
    try export(
      workspace.path.appending("stage4.tar"), "disk.qcow2",
      ["variant=cloud-init", "datasources=NoCloud", "hostname=before"])
    try boot("disk.qcow2", expecting: "^cloudy login:")
  }
}

import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite(
  "disks of a Debian root",
  .enabled(
    if: BootRoot.isPossible && ProcessInfo.processInfo.environment["MIRRORCTL_SOAK"] == "full",
    "needs root, mmdebstrap and qemu"))
struct DiskBootTests {
  private static let soak = ProcessInfo.processInfo.environment["MIRRORCTL_SOAK"] == "full"

  @Test(
    "boot by UEFI to a login at the serial console",
    arguments: soak ? ["qcow2 ext4", "qcow2 btrfs", "raw ext4", "vhd ext4", "vmdk ext4"] : ["qcow2 ext4"])
  func boot(_ kind: String) throws {
    let workspace = try Workspace()
    let root = try BootRoot.put(in: workspace)
    let words = kind.split(separator: " ")
    let image = "\(workspace.path)/disk.\(words[0])"
    let made = try workspace.run([
      Program.path.string, "export", "--set", "filesystem=\(words[1])", "--set", "hostname=exported",
      root.string, image,
    ])
    try #require(made.status == 0, "\(made.errorText)")
    // Emulated: KVM inside of virtual machines is not reliable everywhere. The image is not changed.
    let format = words[0] == "vhd" ? "vpc" : String(words[0])
    try workspace.shell(
      """
      cp /usr/share/OVMF/OVMF_VARS_4M.fd vars
      timeout 560 qemu-system-x86_64 -M q35 -accel tcg -cpu qemu64 -smp 2 -m 512 -display none -nodefaults -no-reboot \\
        -serial stdio -drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd \\
        -drive if=pflash,format=raw,file=vars \\
        -drive file='\(image)',format=\(format),if=virtio,snapshot=on < /dev/null > console 2>&1 &
      while kill -0 $! 2> /dev/null && ! grep -aq 'exported login:' console; do sleep 0.2; done
      kill $! || :
      tail -n 30 console >&2
      grep -aq 'Debian GNU/Linux 12 exported ttyS0' console
      """)
  }
}

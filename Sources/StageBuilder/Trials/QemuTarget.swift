import LinuxSystem
import MirrorModel
import MirrorTools

/// An architecture whose machines QEMU can imitate, and what they need.
struct QemuTarget {
  let architecture: Architecture
  /// The name in that of the program: `qemu-system-aarch64`.
  let name: String
  /// The package of Debian that has the program.
  let debian: String
  /// The type of machine.
  let machine: String
  /// Whether it can have a BIOS.
  let hasBIOS: Bool
  /// Where distributions keep the UEFI firmware: the code, and the variables of a new machine.
  let firmware: [(code: String, variables: String)]
  let firmwarePackages: (debian: String, gentoo: String)

  var program: HostTool {
    HostTool(
      name: "qemu-system-\(name)", debian: debian, gentoo: "app-emulation/qemu",
      use: "tests of images for \(architecture.title)")
  }

  /// - Throws: if QEMU has no suitable machine.
  init(_ architecture: Architecture) throws(MirrorError) {
    guard let target = Self.all.first(where: { $0.architecture == architecture }) else {
      throw MirrorError(
        .refused, architecture.title, "images for it cannot be booted here",
        remedy: "use an image for " + Self.all.map(\.architecture.title).joined(separator: ", "))
    }
    self = target
  }

  private init(
    _ architecture: Architecture, _ name: String, _ debian: String, machine: String, hasBIOS: Bool = false,
    _ firmwarePackage: String, _ firmware: [(String, String)]
  ) {
    self.architecture = architecture
    self.name = name
    self.debian = debian
    self.machine = machine
    self.hasBIOS = hasBIOS
    self.firmware = firmware.map { (code: $0, variables: $1) }
    firmwarePackages = (debian: firmwarePackage, gentoo: "sys-firmware/edk2-bin")
  }

  static let all = [
    QemuTarget(.amd64, "x86_64", "qemu-system-x86", machine: "q35,graphics=off", hasBIOS: true, "ovmf", x86),
    QemuTarget(.arm64, "aarch64", "qemu-system-arm", machine: "virt", "qemu-efi-aarch64", arm),
    QemuTarget(.riscv64, "riscv64", "qemu-system-misc", machine: "virt", "qemu-efi-riscv64", riscv),
  ]

  // Debian, Gentoo, Arch, Fedora, and QEMU's own copies, in this order.
  private static let x86 = [
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
    ("/usr/share/edk2/OvmfX64/OVMF_CODE.fd", "/usr/share/edk2/OvmfX64/OVMF_VARS.fd"),
    ("/usr/share/edk2/OvmfX64/OVMF_CODE_4M.qcow2", "/usr/share/edk2/OvmfX64/OVMF_VARS_4M.qcow2"),
    ("/usr/share/edk2-ovmf/OVMF_CODE.fd", "/usr/share/edk2-ovmf/OVMF_VARS.fd"),
    ("/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"),
    ("/usr/share/edk2-ovmf/x64/OVMF_CODE.fd", "/usr/share/edk2-ovmf/x64/OVMF_VARS.fd"),
    ("/usr/share/edk2/ovmf/OVMF_CODE_4M.qcow2", "/usr/share/edk2/ovmf/OVMF_VARS_4M.qcow2"),
    ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
    ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
    ("/usr/share/qemu/edk2-x86_64-code.fd", "/usr/share/qemu/edk2-i386-vars.fd"),
  ]
  private static let arm = [
    ("/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"),
    (
      "/usr/share/edk2/ArmVirtQemu-AArch64/QEMU_EFI.qcow2",
      "/usr/share/edk2/ArmVirtQemu-AArch64/QEMU_VARS.qcow2"
    ),
    ("/usr/share/edk2/aarch64/QEMU_CODE.fd", "/usr/share/edk2/aarch64/QEMU_VARS.fd"),
    (
      "/usr/share/edk2/aarch64/QEMU_EFI-pflash.qcow2",
      "/usr/share/edk2/aarch64/vars-template-pflash.qcow2"
    ),
    ("/usr/share/edk2/aarch64/QEMU_EFI-pflash.raw", "/usr/share/edk2/aarch64/vars-template-pflash.raw"),
    ("/usr/share/qemu/edk2-aarch64-code.fd", "/usr/share/qemu/edk2-arm-vars.fd"),
  ]
  private static let riscv = [
    (
      "/usr/share/qemu-efi-riscv64/RISCV_VIRT_CODE.fd", "/usr/share/qemu-efi-riscv64/RISCV_VIRT_VARS.fd"
    ),
    ("/usr/share/edk2/riscv/RISCV_VIRT_CODE.qcow2", "/usr/share/edk2/riscv/RISCV_VIRT_VARS.qcow2"),
    ("/usr/share/edk2/riscv/RISCV_VIRT_CODE.fd", "/usr/share/edk2/riscv/RISCV_VIRT_VARS.fd"),
    ("/usr/share/qemu/edk2-riscv-code.fd", "/usr/share/qemu/edk2-riscv-vars.fd"),
  ]
}

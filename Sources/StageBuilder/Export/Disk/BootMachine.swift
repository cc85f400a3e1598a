import LinuxSystem
import MirrorModel

/// What disks of an architecture need to boot by UEFI.
///
/// Sources: the UEFI Specification 2.10, section 3.5.1.1; the Discoverable Partitions Specification.
struct BootMachine: Sendable {
  /// The architecture in names of EFI programs: `x64`.
  let efiName: String
  /// The type of a partition with a root for it.
  let rootType: String
  /// Parameters `console=` of the kernel.
  let consoles: [String]

  /// - Throws: for architectures that do not boot by UEFI and systemd-boot.
  init(_ architecture: Architecture) throws(MirrorError) {
    switch architecture {
    case .amd64:
      (efiName, rootType) = ("x64", "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709")
      consoles = ["tty0", "ttyS0,115200"]
    case .x86:
      (efiName, rootType) = ("ia32", "44479540-F297-41B2-9AF7-D131D5F0458A")
      consoles = ["tty0", "ttyS0,115200"]
    case .arm64:
      (efiName, rootType) = ("aa64", "B921B045-1DF0-41C3-AF44-4C6F280D3FAE")
      consoles = ["tty0", "ttyAMA0"]
    case .riscv64:
      (efiName, rootType) = ("riscv64", "72EC70A6-CF74-40E6-BD49-4BDA08E8F224")
      consoles = ["tty0", "ttyS0"]
    default:
      throw MirrorError(
        .refused, architecture.title, "does not boot by UEFI", remedy: "use another format for its stages")
    }
  }

  /// The architecture whose roots have partitions of this type; nil if there is none.
  static func architecture(ofRoot type: String) -> Architecture? {
    [.amd64, .x86, .arm64, .riscv64].first { (try? BootMachine($0))?.rootType == type }
  }

  /// The program that firmware starts, in `/EFI/BOOT`.
  var programName: String { "BOOT\(efiName.uppercased()).EFI" }
}

import LinuxSystem
import MirrorModel

/// A platform of GRUB, whose modules this host must have.
struct GRUBPlatform: Sendable {
  /// The name of the directory of its modules.
  private let name: String
  /// The format of the program that `grub-mkimage` makes.
  let format: String
  let tool: HostTool
  /// Modules for the hardware; others that are built in are ``common``.
  private let own: [String]

  private static let common = [
    "iso9660", "part_gpt", "part_msdos", "normal", "linux", "terminal", "search", "search_label",
    "configfile",
    "test", "echo", "minicmd", "all_video",
  ]

  var directory: String { tool.name }
  var modules: [String] { own + Self.common }

  private init(_ name: String, format: String? = nil, own: [String] = [], debian: String, gentoo: String) {
    self.name = name
    self.format = format ?? name
    self.own = own
    tool = HostTool(
      name: "/usr/lib/grub/\(name)", debian: debian, gentoo: "sys-boot/grub with GRUB_PLATFORMS=\(gentoo)",
      use: "live images that boot by \(gentoo == "pc" ? "BIOS" : "UEFI")")
  }

  /// A BIOS.
  static let bios = GRUBPlatform(
    "i386-pc", format: "i386-pc-eltorito", own: ["biosdisk", "serial"], debian: "grub-pc-bin", gentoo: "pc")
  private static let x64 = GRUBPlatform("x86_64-efi", debian: "grub-efi-amd64-bin", gentoo: "efi-64")
  private static let ia32 = GRUBPlatform("i386-efi", debian: "grub-efi-ia32-bin", gentoo: "efi-32")
  private static let aa64 = GRUBPlatform("arm64-efi", debian: "grub-efi-arm64-bin", gentoo: "efi-64")

  static let all = [bios, x64, ia32, aa64]

  /// UEFI of an architecture.
  ///
  /// - Throws: for architectures without one.
  static func uefi(_ architecture: Architecture) throws(MirrorError) -> GRUBPlatform {
    switch architecture {
    case .amd64: x64
    case .x86: ia32
    case .arm64: aa64
    default:
      throw MirrorError(
        .refused, architecture.title, "cannot have live images", remedy: "use another format for its stages")
    }
  }
}

/// What starts live images of an architecture.
struct LiveMachine: Sendable {
  let machine: BootMachine
  /// nil for machines without a BIOS.
  let bios: GRUBPlatform?
  let uefi: GRUBPlatform

  /// - Throws: for an architecture that cannot have live images, or if modules of GRUB are missing.
  init(_ architecture: Architecture) throws(MirrorError) {
    uefi = try GRUBPlatform.uefi(architecture)
    bios = architecture == .arm64 ? nil : .bios
    machine = try BootMachine(architecture)
    let platforms = [bios, uefi].compactMap { $0 }
    try HostTool.check(platforms.map(\.tool), for: "live images for \(architecture.title)")
  }
}

package import LinuxSystem

/// A CPU architecture and its names in different systems.
package struct Architecture: Hashable, Sendable {
  /// The machine of its programs.
  package let machine: ProgramHeader.Machine
  /// For messages.
  package let title: String
  /// Its names as a directory of a mirror: Gentoo's, and Metro's `arch_desc`. Empty for those that are a
  /// subarch of another one, see ``machines(of:)``.
  package let directories: [FileName]
  /// The name of QEMU's emulator: `x86_64` for `qemu-x86_64`; nil if QEMU has none.
  package let emulatorName: String?
  /// The name on image servers of LXD and Incus; nil if they do not know it.
  package let imageName: String?

  init(
    _ machine: ProgramHeader.Machine, _ title: String, _ directories: [FileName], emulator: String?,
    image: String? = nil
  ) {
    self.machine = machine
    self.title = title
    self.directories = directories
    emulatorName = emulator
    imageName = image
  }

  /// The architectures whose programs also run on it; those with 32 bits with personality(2) `PER_LINUX32`.
  package var companions: [Architecture] {
    switch self {
    case .amd64: [.x86, .x32]
    case .arm64: [.arm]
    case .ppc64: [.ppc]
    case .sparc64: [.sparc, .sparcPlus]
    default: []
    }
  }

  /// From the name of a mirror's directory; nil for any other.
  package init?(directory name: FileName) {
    guard let known = Self.allCases.first(where: { $0.directories.contains(name) }) else { return nil }
    self = known
  }

  /// From the machine of a program.
  package init?(_ machine: ProgramHeader.Machine) {
    guard let known = Self.allCases.first(where: { $0.machine == machine }) else { return nil }
    self = known
  }

  /// For messages: the title, or the number of a machine that has none.
  package static func title(of machine: ProgramHeader.Machine) -> String {
    Architecture(machine)?.title ?? "another architecture (ELF machine \(machine.number))"
  }

  /// The machines that the programs of a subarch may be for, the usual one first; nil if the name of its
  /// architecture is not known.
  package static func machines(of subarch: SubarchPlace) -> [ProgramHeader.Machine]? {
    let (arch, name) = (subarch.arch, "\(subarch.name)")
    // Gentoo's servers have these below `ppc`.
    if let own = Architecture(directory: subarch.name), arch == "ppc" { return [own.machine] }
    if arch == "mips" {
      let isLittle = name.contains("el")
      let both: [Architecture] = isLittle ? [.mipsLittle, .mips64Little] : [.mips, .mips64]
      return both.map(\.machine)
    }
    guard let known = Architecture(directory: arch) else { return nil }
    switch known {
    case .amd64 where name.contains("x32"): return [x32.machine]
    case .arm64 where name.contains("big-endian") || name.contains("_be"): return [arm64Big.machine]
    case .riscv64 where name.contains("rv32"): return [riscv32.machine]
    case .sparc64 where !name.contains("64"):
      // The name does not say how many bits user programs have.
      return [known, sparc, sparcPlus].map(\.machine)
    default: return [known.machine]
    }
  }
}

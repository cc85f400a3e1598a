package import LinuxSystem

/// A CPU architecture and its names in different systems.
package enum Architecture: CaseIterable, Sendable {
  case amd64, x86, arm64, arm, riscv64

  /// The Linux name: `uname -m`.
  package var kernelName: String {
    switch self {
    case .amd64: "x86_64"
    case .x86: "i686"
    case .arm64: "aarch64"
    case .arm: "armv7l"
    case .riscv64: "riscv64"
    }
  }

  /// The machine of its programs. Source: elf(5), `e_ident[EI_CLASS]` and `e_machine`.
  package var machine: ProgramHeader.Machine {
    switch self {
    case .amd64: .init(class: 2, number: 62)
    case .x86: .init(class: 1, number: 3)
    case .arm64: .init(class: 2, number: 183)
    case .arm: .init(class: 1, number: 40)
    case .riscv64: .init(class: 2, number: 243)
    }
  }

  /// The keyword of Gentoo packages.
  package var keyword: String {
    switch self {
    case .amd64: "amd64"
    case .x86: "x86"
    case .arm64: "arm64"
    case .arm: "arm"
    case .riscv64: "riscv"
    }
  }

  /// The name in Debian and on image servers of LXD and Incus.
  package var imageName: String {
    switch self {
    case .amd64: "amd64"
    case .x86: "i386"
    case .arm64: "arm64"
    case .arm: "armhf"
    case .riscv64: "riscv64"
    }
  }

  /// The name of QEMU's emulator: `qemu-x86_64`.
  package var emulatorName: String {
    switch self {
    case .amd64: "x86_64"
    case .x86: "i386"
    case .arm64: "aarch64"
    case .arm: "arm"
    case .riscv64: "riscv64"
    }
  }

  /// For messages.
  package var title: String {
    switch self {
    case .amd64: "64-bit x86"
    case .x86: "32-bit x86"
    case .arm64: "64-bit ARM"
    case .arm: "32-bit ARM"
    case .riscv64: "64-bit RISC-V"
    }
  }

  /// The 32-bit architecture whose programs also run on it, with personality(2) `PER_LINUX32`.
  package var compatible: Architecture? {
    switch self {
    case .amd64: .x86
    case .arm64: .arm
    case .x86, .arm, .riscv64: nil
    }
  }

  /// From the name of a mirror's directory, which is Metro's `arch_desc` or Gentoo's keyword; nil for any
  /// other.
  package init?(directory name: FileName) {
    switch name {
    case "x86-64bit", "pure64": self = .amd64
    case "x86-32bit": self = .x86
    case "arm-64bit": self = .arm64
    case "arm-32bit": self = .arm
    case "riscv-64bit": self = .riscv64
    default:
      guard let known = Self.allCases.first(where: { name == FileName($0.keyword) }) else { return nil }
      self = known
    }
  }

  /// From the Linux name.
  package init?(kernelName: String) {
    guard let known = Self.allCases.first(where: { $0.kernelName == kernelName }) else { return nil }
    self = known
  }

  /// From the machine of a program.
  package init?(_ machine: ProgramHeader.Machine) {
    guard let known = Self.allCases.first(where: { $0.machine == machine }) else { return nil }
    self = known
  }
}

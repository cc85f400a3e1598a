import LinuxSystem
package import SystemPackage

/// The start of an ELF program; see `elf(5)`.
package struct ProgramHeader: Hashable, Sendable {
  /// The machine that a program is built for.
  package struct Machine: Hashable, Sendable {
    /// `EI_CLASS`: 1 for 32 bits, 2 for 64.
    package let `class`: UInt8
    /// `e_machine`.
    package let number: UInt16

    package init(class: UInt8, number: UInt16) {
      self.class = `class`
      self.number = number
    }
  }

  /// Number of bytes needed to determine the machine.
  package static let size = 20

  /// The first ``size`` bytes.
  package let bytes: [UInt8]

  /// The machine that the program is built for.
  package var machine: Machine {
    let (first, second) = (UInt16(bytes[18]), UInt16(bytes[19]))
    let isBigEndian = bytes[5] == 2
    return Machine(class: bytes[4], number: isBigEndian ? first << 8 | second : second << 8 | first)
  }

  /// From a file's first bytes; nil if they are not those of an ELF program.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count >= Self.size, bytes.prefix(4) == [0x7f, 0x45, 0x4c, 0x46] else { return nil }
    self.bytes = Array(bytes.prefix(Self.size))
  }

  /// The header of a position-independent program for a little-endian machine.
  package init(_ machine: Machine) {
    let ident: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, machine.class, 1, 1, 0] + [UInt8](repeating: 0, count: 8)
    bytes = ident + [3, 0, UInt8(machine.number & 0xff), UInt8(machine.number >> 8)]
  }

  /// The header of a program on disk, following links; nil if it cannot be read or is not a program.
  package init?(program path: FilePath) {
    do throws(Errno) {
      self.init(try Descriptor(reading: path).bytes(upTo: Self.size))
    } catch { return nil }
  }
}

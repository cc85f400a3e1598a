import LinuxSystem
package import SystemPackage

/// The start of an ELF program; see `elf(5)`.
package struct ProgramHeader: Hashable, Sendable {
  /// The machine that a program is built for.
  package struct Machine: Codable, Hashable, Sendable {
    /// `EI_CLASS`: 1 for 32 bits, 2 for 64.
    package let `class`: UInt8
    /// `e_machine`.
    package let number: UInt16
    /// `EI_DATA`.
    package let isBigEndian: Bool

    package init(class: UInt8, number: UInt16, isBigEndian: Bool = false) {
      self.class = `class`
      self.number = number
      self.isBigEndian = isBigEndian
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
    return Machine(
      class: bytes[4], number: isBigEndian ? first << 8 | second : second << 8 | first,
      isBigEndian: isBigEndian)
  }

  /// From a file's first bytes; nil if they are not those of an ELF program.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count >= Self.size, bytes.prefix(4) == [0x7f, 0x45, 0x4c, 0x46] else { return nil }
    self.bytes = Array(bytes.prefix(Self.size))
  }

  /// The header of a position-independent program for a machine.
  package init(_ machine: Machine) {
    let order: UInt8 = machine.isBigEndian ? 2 : 1
    let ident: [UInt8] =
      [0x7f, 0x45, 0x4c, 0x46, machine.class, order, 1, 0] + [UInt8](repeating: 0, count: 8)
    let words = [3, machine.number].flatMap { word in
      let (low, high) = (UInt8(word & 0xff), UInt8(word >> 8))
      return machine.isBigEndian ? [high, low] : [low, high]
    }
    bytes = ident + words
  }

  /// The header of a program on disk, following links; nil if it cannot be read or is not a program.
  package init?(program path: FilePath) {
    do throws(Errno) {
      self.init(try Descriptor(reading: path).bytes(upTo: Self.size))
    } catch { return nil }
  }

  /// Whether a program on disk runs in any root, because it needs no dynamic linker.
  package static func isStatic(_ path: FilePath) -> Bool {
    guard let bytes = try? Descriptor(reading: path).bytes(upTo: 4096), let header = ProgramHeader(bytes)
    else { return false }
    let isWide = header.machine.class == 2
    func number(at offset: Int, _ size: Int) -> Int? {
      guard offset <= bytes.count - size else { return nil }
      let digits = bytes[offset..<(offset + size)]
      let ordered = header.machine.isBigEndian ? Array(digits) : digits.reversed()
      return Int(exactly: ordered.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }
    guard let table = number(at: isWide ? 32 : 28, isWide ? 8 : 4), table <= bytes.count,
      let size = number(at: isWide ? 54 : 42, 2), let count = number(at: isWide ? 56 : 44, 2)
    else { return false }
    for index in 0..<count {
      guard let type = number(at: table + index * size, 4), type != programInterpreter else { return false }
    }
    return true
  }

  /// `PT_INTERP`.
  private static let programInterpreter = 3
}

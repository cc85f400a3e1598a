import LinuxSystem

/// Moves the owners of a tree into a range of numbers that nobody else uses, and back.
///
/// Where a file system cannot map owners itself, the root of a sandbox is stored on disk with shifted owners.
package struct IDShift: Hashable, Sendable {
  /// The number that user and group 0 have on disk.
  package let base: UInt32
  /// The largest number before the shift; the kernel refuses a range of more numbers.
  package static let largest: UInt32 = (1 << 31) - 2

  /// The upper half of all numbers.
  package static let upperHalf = IDShift(base: 1 << 31)

  package init(base: UInt32) { self.base = base }

  /// The number on disk; nil if the original is out of range.
  func shifted(_ id: UInt32) -> UInt32? {
    let (sum, overflow) = base.addingReportingOverflow(id)
    return id > Self.largest || overflow || sum == .max ? nil : sum
  }

  /// The original of a number on disk; nil if no number is shifted to it.
  func restored(_ id: UInt32) -> UInt32? {
    guard id >= base, id - base <= Self.largest else { return nil }
    return id - base
  }

  /// A number that cannot be shifted.
  struct OutOfRange: Error {
    let id: UInt32
  }

  /// The attribute with each number in it replaced by `change`; other attributes unchanged.
  static func mapping(
    _ attribute: ExtendedAttribute, _ change: (UInt32) -> UInt32?
  ) throws(OutOfRange) -> ExtendedAttribute {
    switch attribute.name {
    case PosixACL.accessName, PosixACL.defaultName:
      guard let list = PosixACL(attribute: attribute.value) else { return attribute }
      return ExtendedAttribute(name: attribute.name, value: try mapping(list, change).attribute)
    case FileCapability.name:
      guard var capability = FileCapability(attribute: attribute.value) else { return attribute }
      guard let root = change(capability.root) else { throw OutOfRange(id: capability.root) }
      capability.root = root
      return ExtendedAttribute(name: attribute.name, value: capability.attribute)
    default: return attribute
    }
  }

  private static func mapping(
    _ list: PosixACL, _ change: (UInt32) -> UInt32?
  ) throws(OutOfRange) -> PosixACL {
    var entries: [PosixACL.Entry] = []
    for entry in list.entries {
      guard entry.tag == .user || entry.tag == .group else {
        entries.append(entry)
        continue
      }
      guard let id = change(entry.id) else { throw OutOfRange(id: entry.id) }
      entries.append(PosixACL.Entry(tag: entry.tag, permissions: entry.permissions, id: id))
    }
    return PosixACL(entries: entries)
  }
}

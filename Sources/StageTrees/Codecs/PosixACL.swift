import LinuxSystem

/// A POSIX.1e access control list, converted between the kernel's form and the tarball's.
struct PosixACL: Hashable, Sendable {
  /// The subject of an entry, with the kernel's numbers (`linux/posix_acl.h`), in the kernel's order.
  enum Tag: UInt16, Sendable {
    case userObject = 1
    case user = 2
    case groupObject = 4
    case group = 8
    case mask = 16
    case other = 32
  }

  struct Entry: Hashable, Sendable {
    let tag: Tag
    /// Read 4, write 2, execute 1.
    let permissions: UInt16
    /// A user's or group's number; without meaning for other tags.
    let id: UInt32
  }

  static let accessName: FileName = "system.posix_acl_access"
  static let defaultName: FileName = "system.posix_acl_default"

  var entries: [Entry]

  init(entries: [Entry]) { self.entries = entries }

  /// Parses an extended attribute's value; nil if it is not a list.
  init?(attribute value: [UInt8]) {
    // A version (4 bytes), then entries of tag (2), permissions (2) and id (4), all little-endian.
    guard value.count >= 4, value.count % 8 == 4, value.starts(with: [2, 0, 0, 0]) else { return nil }
    entries = []
    for start in stride(from: 4, to: value.count, by: 8) {
      func number(_ range: Range<Int>) -> UInt32 {
        value[(start + range.lowerBound)..<(start + range.upperBound)].reversed().reduce(0) {
          $0 << 8 | UInt32($1)
        }
      }
      guard let tag = Tag(rawValue: UInt16(truncatingIfNeeded: number(0..<2))) else { return nil }
      entries.append(
        Entry(tag: tag, permissions: UInt16(truncatingIfNeeded: number(2..<4)), id: number(4..<8)))
    }
  }

  /// The value of the kernel's extended attribute.
  var attribute: [UInt8] {
    var value: [UInt8] = [2, 0, 0, 0]
    for entry in sorted {
      let isNamed = entry.tag == .user || entry.tag == .group
      withUnsafeBytes(of: entry.tag.rawValue.littleEndian) { value += $0 }
      withUnsafeBytes(of: entry.permissions.littleEndian) { value += $0 }
      withUnsafeBytes(of: (isNamed ? entry.id : .max).littleEndian) { value += $0 }
    }
    return value
  }

  /// The value of `SCHILY.acl.access`: numbers only, accepted by both GNU tar and bsdtar.
  var text: String {
    sorted.map { entry in
      let who =
        switch entry.tag {
        case .userObject: "user:"
        case .user: "user:\(entry.id)"
        case .groupObject: "group:"
        case .group: "group:\(entry.id)"
        case .mask: "mask:"
        case .other: "other:"
        }
      let bits = [(4, "r"), (2, "w"), (1, "x")].map { entry.permissions & $0 != 0 ? $1 : "-" }
      return "\(who):\(bits.joined())"
    }.joined(separator: ",")
  }

  private var sorted: [Entry] {
    entries.sorted { ($0.tag.rawValue, $0.id) < ($1.tag.rawValue, $1.id) }
  }
}

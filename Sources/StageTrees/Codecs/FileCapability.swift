import LinuxSystem

/// The value of `security.capability`: `linux/capability.h`, `struct vfs_ns_cap_data`.
struct FileCapability: Hashable, Sendable {
  static let name: FileName = "security.capability"

  private static let version2: UInt8 = 2
  private static let version3: UInt8 = 3
  /// Bytes of version 2; version 3 has the root's number after them.
  private static let bytes = 20

  /// Flags and sets of capabilities, as stored.
  private var content: [UInt8]
  /// The user that is root for the program; 0 in version 2.
  var root: UInt32

  /// nil if it is neither version 2 nor version 3.
  init?(attribute value: [UInt8]) {
    switch (value.count, value.dropFirst(3).first) {
    case (Self.bytes, Self.version2): root = 0
    case (Self.bytes + 4, Self.version3):
      root = value.suffix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    default: return nil
    }
    content = Array(value.prefix(Self.bytes))
  }

  /// Version 2 for user 0, as programs write it; otherwise version 3.
  var attribute: [UInt8] {
    var value = content
    value[3] = root == 0 ? Self.version2 : Self.version3
    if root != 0 { withUnsafeBytes(of: root.littleEndian) { value += $0 } }
    return value
  }
}

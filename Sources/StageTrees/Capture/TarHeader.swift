import LinuxSystem

/// A header block in POSIX's `ustar` format, preceded by an extended one (`pax`) for values that do not fit.
///
/// It depends only on its fields: numeric owners without names, no device or inode, no other times.
struct TarHeader {
  enum Kind: UInt8 {
    case regular = 0x30
    case hardLink
    case symbolicLink
    case characterDevice
    case blockDevice
    case directory
    case fifo
    case extended = 0x78
  }

  static let blockSize = 512

  var kind: Kind
  /// Directories end with a slash.
  var path: [UInt8]
  var target: [UInt8] = []
  /// Number of bytes that follow the header.
  var size: Int64 = 0
  var uid: UInt32 = 0
  var gid: UInt32 = 0
  var permissions: UInt32 = 0o644
  var mtime = NodeTime(seconds: 0, nanoseconds: 0)
  var major: UInt32 = 0
  var minor: UInt32 = 0
  /// Additional records of the extended header.
  var records: [FileName: [UInt8]] = [:]

  /// All blocks of the header.
  var blocks: [UInt8] {
    var records = records
    let name = Self.split(path)
    // Modern readers take the name from the record; the field is for readers that do not know it.
    if name == nil, records["GNU.sparse.name"] == nil { records["path"] = path }
    if target.count > 100 { records["linkpath"] = target }
    if size > Self.largest(digits: 11) { records["size"] = Array("\(size)".utf8) }
    if Int64(uid) > Self.largest(digits: 7) { records["uid"] = Array("\(uid)".utf8) }
    if Int64(gid) > Self.largest(digits: 7) { records["gid"] = Array("\(gid)".utf8) }
    if mtime.nanoseconds != 0 || mtime.seconds < 0 || mtime.seconds > Self.largest(digits: 11) {
      records["mtime"] = Array(mtime.decimal.utf8)
    }
    if [path, target].contains(where: { String(validating: $0, as: UTF8.self) == nil }),
      records["path"] != nil || records["linkpath"] != nil || records["GNU.sparse.name"] != nil
    {
      // POSIX requires texts to be UTF-8 unless this record is present.
      records["hdrcharset"] = Array("BINARY".utf8)
    }
    return extendedBlocks(records) + block(name ?? (Array(path.prefix(100)), []))
  }

  private func extendedBlocks(_ records: [FileName: [UInt8]]) -> [UInt8] {
    if records.isEmpty { return [] }
    // `hdrcharset` affects how the records after it are read, so it comes first.
    let ordered = records.sorted { left, right in
      (left.key == "hdrcharset" ? 0 : 1, left.key) < (right.key == "hdrcharset" ? 0 : 1, right.key)
    }
    let content = ordered.flatMap { Self.record($0.key, $0.value) }
    let name = path.split(separator: UInt8(ascii: "/")).last ?? []
    let header = TarHeader(
      kind: .extended, path: Array("./PaxHeaders/".utf8) + name.prefix(80), size: Int64(content.count),
      mtime: NodeTime(seconds: min(max(0, mtime.seconds), Self.largest(digits: 11)), nanoseconds: 0))
    return header.block((header.path, [])) + content + Self.padding(after: Int64(content.count))
  }

  /// Zeros up to the next complete block.
  static func padding(after count: Int64) -> [UInt8] {
    [UInt8](repeating: 0, count: Int(-count & 511))
  }

  /// The end of an archive of this many bytes: two blocks of zeros, and more up to a record of twenty blocks.
  static func end(after size: Int64) -> [UInt8] {
    let record: Int64 = 20 * 512
    let rest = (size + 1024) % record
    return [UInt8](repeating: 0, count: 1024 + Int(rest == 0 ? 0 : record - rest))
  }

  /// `<length> <key>=<value>\n`, whose length counts its own digits.
  private static func record(_ key: FileName, _ value: [UInt8]) -> [UInt8] {
    let rest = [UInt8(ascii: " ")] + key.bytes + [UInt8(ascii: "=")] + value + [UInt8(ascii: "\n")]
    var length = rest.count + 1
    while "\(length)".utf8.count + rest.count != length { length = "\(length)".utf8.count + rest.count }
    return Array("\(length)".utf8) + rest
  }

  private func block(_ name: (name: [UInt8], prefix: [UInt8])) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: Self.blockSize)
    func put(_ bytes: some Collection<UInt8>, at offset: Int) {
      block.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
    }
    put(name.name, at: 0)
    put(Self.octal(Int64(permissions), digits: 7), at: 100)
    put(Self.octal(Int64(uid), digits: 7), at: 108)
    put(Self.octal(Int64(gid), digits: 7), at: 116)
    put(Self.octal(size, digits: 11), at: 124)
    put(Self.octal(max(0, mtime.seconds), digits: 11), at: 136)
    put([UInt8](repeating: 0x20, count: 8), at: 148)
    put([kind.rawValue], at: 156)
    put(target.prefix(100), at: 157)
    put("ustar\u{0}00".utf8, at: 257)
    if kind == .characterDevice || kind == .blockDevice {
      put(Self.octal(Int64(major), digits: 7), at: 329)
      put(Self.octal(Int64(minor), digits: 7), at: 337)
    }
    put(name.prefix, at: 345)
    let sum = block.reduce(0) { $0 + Int64($1) }
    put(Self.octal(sum, digits: 6) + [0, 0x20], at: 148)
    return block
  }

  /// A path split at a slash into the fields for its end (100 bytes) and its start (155); nil if it does not
  /// fit.
  private static func split(_ path: [UInt8]) -> (name: [UInt8], prefix: [UInt8])? {
    if path.count <= 100 { return (path, []) }
    // The slash at the end of a directory does not count.
    let slash = path.indices.dropLast().first { index in
      path[index] == UInt8(ascii: "/") && path.count - index - 1 <= 100 && index > 0
    }
    guard let slash, slash <= 155 else { return nil }
    return (Array(path[(slash + 1)...]), Array(path[..<slash]))
  }

  /// The largest number that fits; larger ones are stored in a record, with this one in the field.
  private static func largest(digits: Int) -> Int64 { (1 << (3 * Int64(digits))) - 1 }

  private static func octal(_ number: Int64, digits: Int) -> [UInt8] {
    let text = String(min(max(0, number), largest(digits: digits)), radix: 8)
    return [UInt8](repeating: 0x30, count: digits - text.utf8.count) + Array(text.utf8)
  }
}

extension NodeTime {
  /// Seconds since the epoch, in the format of POSIX extended headers.
  fileprivate var decimal: String {
    // Before the epoch, whole seconds are rounded down, and the sign applies to both parts.
    let isNegative = seconds < 0 && nanoseconds > 0
    let whole = isNegative ? seconds + 1 : seconds
    let part = isNegative ? 1_000_000_000 - nanoseconds : nanoseconds
    if part == 0 { return "\(whole)" }
    let digits = "\(part)"
    let zeros = String(repeating: "0", count: 9 - digits.utf8.count)
    return "\(isNegative && whole == 0 ? "-" : "")\(whole).\(zeros)\(digits)"
  }
}

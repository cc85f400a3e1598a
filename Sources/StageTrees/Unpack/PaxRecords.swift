import LinuxSystem

/// Records of the extended headers of one member, for values that libarchive rounds or clamps.
struct PaxRecords {
  private var values: [[UInt8]: [UInt8]] = [:]

  /// - Parameter header: all blocks before the member's content.
  init(header: [UInt8]) {
    var rest = header[...]
    while rest.count >= TarHeader.blockSize {
      let block = rest.prefix(TarHeader.blockSize)
      guard let size = Self.octal(block.dropFirst(124).prefix(12)), size <= header.count else { return }
      rest = rest.dropFirst(TarHeader.blockSize)
      let content = rest.prefix(size)
      switch block.dropFirst(156).first {
      case UInt8(ascii: "x"), UInt8(ascii: "X"): read(content)
      // A global header, and long names of GNU tar.
      case UInt8(ascii: "g"), UInt8(ascii: "L"), UInt8(ascii: "K"): break
      default: return
      }
      rest = rest.dropFirst(size + TarHeader.padding(after: Int64(size)).count)
    }
  }

  /// The value of a record; nil if there is none.
  subscript(_ key: String) -> [UInt8]? { values[Array(key.utf8)] }

  /// A time in seconds with a fraction, such as `-1.5`; digits after the ninth are ignored.
  func time(_ key: String) -> NodeTime? {
    guard let text = self[key] else { return nil }
    let isNegative = text.first == UInt8(ascii: "-")
    let parts = text.dropFirst(isNegative ? 1 : 0).split(
      separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    let fraction = parts.count > 1 ? parts[1].prefix(9) : []
    guard let whole = parts.first, let seconds = Int64(String(decoding: whole, as: UTF8.self)), seconds >= 0,
      var nanoseconds = fraction.isEmpty ? 0 : UInt32(String(decoding: fraction, as: UTF8.self))
    else { return nil }
    for _ in fraction.count..<9 { nanoseconds *= 10 }
    if !isNegative { return NodeTime(seconds: seconds, nanoseconds: nanoseconds) }
    return nanoseconds == 0
      ? NodeTime(seconds: -seconds, nanoseconds: 0)
      : NodeTime(seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds)
  }

  private mutating func read(_ content: ArraySlice<UInt8>) {
    var rest = content
    // `<length> <key>=<value>\n`, whose length counts its own digits.
    while let space = rest.firstIndex(of: UInt8(ascii: " ")),
      let length = Int(String(decoding: rest[..<space], as: UTF8.self)), length > 0, length <= rest.count
    {
      let record = rest.prefix(length)
      rest = rest.dropFirst(length)
      guard space < record.endIndex, record.last == UInt8(ascii: "\n") else { return }
      let pair = record[(space + 1)...].dropLast()
      guard let equals = pair.firstIndex(of: UInt8(ascii: "=")) else { return }
      values[Array(pair[..<equals])] = Array(pair[(equals + 1)...])
    }
  }

  private static func octal(_ field: ArraySlice<UInt8>) -> Int? {
    let digits = field.drop { $0 == 0x20 }.prefix { $0 >= 0x30 && $0 <= 0x37 }
    return Int(String(decoding: digits, as: UTF8.self), radix: 8)
  }
}

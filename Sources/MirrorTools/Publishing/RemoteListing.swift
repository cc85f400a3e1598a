import MirrorModel
import LinuxSystem

/// The files at the other side, as listed by `rsync --list-only`.
struct RemoteListing: Hashable, Sendable {
  /// By path, without the root itself.
  var nodes: [MirrorPath: ListedNode] = [:]
  /// Whether links there are munged, and therefore broken.
  var mungesLinks = false

  init(nodes: [MirrorPath: ListedNode] = [:]) { self.nodes = nodes }

  /// Parses the output of rsync with `LC_ALL=C`, `TZ=UTC` and `--no-human-readable`.
  ///
  /// - Throws: at the first line that cannot be parsed: no decision is based on a partial listing.
  init(parsing text: [UInt8], of subject: String) throws(MirrorError) {
    for line in text.split(separator: UInt8(ascii: "\n")) {
      guard let (name, node, isMunged) = Self.parse(line) else {
        throw MirrorError(
          .invalid, subject, "cannot parse a line of rsync's listing: `\(escaped(Array(line)))`",
          remedy: "check that the other side runs rsync")
      }
      if name == Array(".".utf8) { continue }
      let path = MirrorPath(bytes: name)
      guard path.isPlain else {
        throw MirrorError(
          .invalid, subject, "rsync lists an unsafe path: `\(escaped(name))`",
          remedy: "check the server")
      }
      nodes[path] = node
      if isMunged { mungesLinks = true }
    }
  }

  /// Parses `-rw-r--r--         416 2026/11/26 03:48:14 name`; nil for other text.
  private static func parse(
    _ line: ArraySlice<UInt8>
  ) -> (name: [UInt8], node: ListedNode, isMunged: Bool)? {
    let space = UInt8(ascii: " ")
    guard let kind = line.first, line.count > 10, line[line.startIndex + 10] == space else { return nil }
    var rest = line.dropFirst(10).drop { $0 == space }
    let digits = rest.prefix { $0 != space }
    rest = rest.dropFirst(digits.count + 1)
    guard let size = Int64(String(decoding: digits, as: UTF8.self)), size >= 0, rest.count > 20,
      let seconds = seconds(rest.prefix(19)), rest[rest.startIndex + 19] == space,
      let name = unescaped(rest.dropFirst(20))
    else { return nil }
    switch kind {
    case UInt8(ascii: "-"): return (name, .file(size: size, seconds: seconds), false)
    case UInt8(ascii: "d"): return (name, .directory, false)
    case UInt8(ascii: "l"): return link(name, size: size)
    case UInt8(ascii: "c"), UInt8(ascii: "b"), UInt8(ascii: "p"), UInt8(ascii: "s"):
      return (name, .other, false)
    default: return nil
    }
  }

  /// Splits a link's name and target, both of which may contain the arrow: the size tells where to split.
  private static func link(
    _ text: [UInt8], size: Int64
  ) -> (name: [UInt8], node: ListedNode, isMunged: Bool)? {
    let arrow = Array(" -> ".utf8)
    // A daemon that munges links includes the hidden prefix in the size.
    for munged in [0, 15] as [Int64] {
      let start = Int64(text.count) - size + munged
      guard size >= munged, start > 4, let position = Int(exactly: start), position <= text.count,
        text[(position - 4)..<position].elementsEqual(arrow)
      else { continue }
      return (Array(text[..<(position - 4)]), .link(Array(text[position...])), munged > 0)
    }
    return nil
  }

  /// Parses `2026/11/26 03:48:14` as UTC.
  private static func seconds(_ text: ArraySlice<UInt8>) -> Int64? {
    let bytes = Array(text)
    let separators: [(Int, Character)] = [(4, "/"), (7, "/"), (10, " "), (13, ":"), (16, ":")]
    guard bytes.count == 19, separators.allSatisfy({ bytes[$0] == $1.asciiValue }) else { return nil }
    func number(_ range: Range<Int>) -> Int? {
      let digits = bytes[range]
      guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
      return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
    guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
      let date = CalendarDate(year: year, month: month, day: day), let hour = number(11..<13),
      let minute = number(14..<16), let second = number(17..<19), hour < 24, minute < 60, second < 61
    else { return nil }
    return Int64(date.ordinal) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
  }

  /// Decodes rsync's `\#ooo`; rsync escapes a backslash only if the text could be taken for such a sequence.
  static func unescaped(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var rest = text
    while let first = rest.first {
      let digits = rest.dropFirst(2).prefix(3)
      if first == UInt8(ascii: "\\"), rest.dropFirst().first == UInt8(ascii: "#"), digits.count == 3,
        digits.allSatisfy({ (0x30...0x37).contains($0) })
      {
        guard let byte = UInt8(String(decoding: digits, as: UTF8.self), radix: 8), byte != 0 else {
          return nil
        }
        result.append(byte)
        rest = rest.dropFirst(5)
      } else {
        result.append(first)
        rest = rest.dropFirst()
      }
    }
    return result
  }
}

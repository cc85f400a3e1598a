import LinuxSystem
import FoundationEssentials

/// The issuers named in a detached signature. This proves nothing; gpgv checks the signature.
enum SignatureIssuer {
  /// Their ids, 16 hexadecimal digits in upper case; empty if the signature cannot be parsed.
  static func keyIDs(in signature: [UInt8]) -> Set<String> {
    guard let packets = signature.first.map({ $0 & 0x80 != 0 ? signature : dearmored(signature) }) ?? nil
    else {
      return []
    }
    var ids: Set<String> = []
    var reader = Reader(packets[...])
    while let (tag, body) = reader.packet() {
      if tag == 2, let id = issuer(body) { ids.insert(id) }
    }
    return ids
  }

  /// The packets of an armoured signature; nil for other text. Source: RFC 4880, 6.2.
  private static func dearmored(_ text: [UInt8]) -> [UInt8]? {
    let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .map { String(decoding: trimmed($0), as: UTF8.self) }
    guard let start = lines.firstIndex(of: "-----BEGIN PGP SIGNATURE-----"),
      let blank = lines[start...].firstIndex(of: "")
    else { return nil }
    let body = lines[(blank + 1)...].prefix { !$0.hasPrefix("=") && !$0.hasPrefix("-") }
    return Data(base64Encoded: body.joined()).map { Array($0) }
  }

  private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let isText = { (byte: UInt8) in byte != UInt8(ascii: " ") && byte != UInt8(ascii: "\t") }
    guard let first = line.firstIndex(where: isText), let last = line.lastIndex(where: isText) else {
      return []
    }
    return line[first...last]
  }

  /// The issuer of a signature packet of version 3 or 4. Source: RFC 4880, 5.2.
  private static func issuer(_ body: ArraySlice<UInt8>) -> String? {
    var reader = Reader(body)
    switch reader.number(1) {
    case 3:
      guard reader.bytes(6) != nil else { return nil }
      return reader.bytes(8).map(text)
    case 4:
      guard reader.bytes(3) != nil else { return nil }
      var found: String?
      for _ in ["hashed", "unhashed"] {
        guard let count = reader.number(2), let area = reader.bytes(count) else { return found }
        var inner = Reader(area)
        while let (type, content) = inner.subpacket() {
          if type == 16, content.count == 8 { found = text(content) }
          // The fingerprint of a version 4 key ends with its id.
          if type == 33, content.first == 4, content.count == 21 { found = found ?? text(content.suffix(8)) }
        }
      }
      return found
    default: return nil
    }
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String { hex(bytes).uppercased() }

  /// Reads from a buffer; returns nil at a premature end.
  private struct Reader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    mutating func bytes(_ count: Int) -> ArraySlice<UInt8>? {
      guard count >= 0, rest.count >= count else { return nil }
      defer { rest = rest.dropFirst(count) }
      return rest.prefix(count)
    }

    mutating func number(_ count: Int) -> Int? {
      bytes(count)?.reduce(0) { $0 << 8 | Int($1) }
    }

    mutating func packet() -> (tag: UInt8, body: ArraySlice<UInt8>)? {
      guard let header = number(1).map({ UInt8($0) }), header & 0x80 != 0 else { return nil }
      if header & 0x40 != 0 {
        guard let count = length() else { return nil }
        return bytes(count).map { (header & 0x3f, $0) }
      }
      let size = Int(header & 3)
      guard size < 3, let count = number(1 << size) else { return nil }
      return bytes(count).map { (header >> 2 & 0x0f, $0) }
    }

    mutating func subpacket() -> (type: UInt8, content: ArraySlice<UInt8>)? {
      guard let count = length(), let body = bytes(count), let type = body.first else { return nil }
      return (type & 0x7f, body.dropFirst())
    }

    /// A length of one, two or five bytes; nil for a partial length.
    private mutating func length() -> Int? {
      guard let first = number(1) else { return nil }
      if first < 192 { return first }
      if first < 224 { return number(1).map { (first - 192) << 8 + $0 + 192 } }
      return first == 255 ? number(4) : nil
    }
  }
}

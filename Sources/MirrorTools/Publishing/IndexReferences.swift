/// The files that an `index.xml` names.
///
/// Only what mirrorctl and Metro write is read: attributes in double quotes.
struct IndexReferences {
  struct Reference: Hashable {
    /// Relative to the mirror's root.
    let path: MirrorPath
    /// Bytes, where they are told.
    var size: Int64?
    /// Lowercase hexadecimal, where it is told.
    var sha256: String?
  }

  private(set) var references: [Reference] = []

  init(_ xml: [UInt8]) {
    for tag in xml.split(separator: UInt8(ascii: "<")) where tag.starts(with: "build ".utf8) {
      let attributes = Self.attributes(of: tag.prefix { $0 != UInt8(ascii: ">") })
      if let path = attributes["download"] {
        references.append(
          Reference(
            path: Self.path(path), size: attributes["bytes"].flatMap { Int64(Self.text($0)) },
            sha256: attributes["sha256"].map(Self.text)))
      }
      if let path = attributes["signature"] { references.append(Reference(path: Self.path(path))) }
    }
  }

  private static func path(_ bytes: [UInt8]) -> MirrorPath {
    MirrorPath(bytes: Array(bytes.drop { $0 == UInt8(ascii: "/") }))
  }

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  private static func attributes(of tag: ArraySlice<UInt8>) -> [String: [UInt8]] {
    let quote = UInt8(ascii: "\"")
    var attributes: [String: [UInt8]] = [:]
    // NAME=" and VALUE take turns.
    let parts = tag.split(separator: quote, omittingEmptySubsequences: false)
    for index in stride(from: 0, to: parts.count - 1, by: 2) {
      let name = parts[index].filter { $0 > 0x20 }.dropLast()
      let key = String(decoding: name.split(separator: UInt8(ascii: "/")).last ?? [], as: UTF8.self)
      let word = key.hasPrefix("build") && index == 0 ? String(key.dropFirst(5)) : key
      attributes[word] = decoded(parts[index + 1])
    }
    return attributes
  }

  /// Entities undone.
  private static func decoded(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    var rest = text
    while let first = rest.first {
      guard first == UInt8(ascii: "&"), let end = rest.firstIndex(of: UInt8(ascii: ";")),
        let bytes = entity(String(decoding: rest[rest.index(after: rest.startIndex)..<end], as: UTF8.self))
      else {
        result.append(first)
        rest = rest.dropFirst()
        continue
      }
      result += bytes
      rest = rest[(end + 1)...]
    }
    return result
  }

  private static func entity(_ name: String) -> [UInt8]? {
    switch name {
    case "amp": return Array("&".utf8)
    case "lt": return Array("<".utf8)
    case "gt": return Array(">".utf8)
    case "quot": return Array("\"".utf8)
    case "apos": return Array("'".utf8)
    default:
      guard name.hasPrefix("#") else { return nil }
      let number = name.hasPrefix("#x") ? UInt32(name.dropFirst(2), radix: 16) : UInt32(name.dropFirst())
      return number.flatMap(Unicode.Scalar.init).map { Array(String(Character($0)).utf8) }
    }
  }
}

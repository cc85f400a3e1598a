import LinuxSystem

/// Percent-encoding for URLs.
package enum URLPath {
  /// Encodes all bytes as `%XX` except unreserved characters and slashes.
  ///
  /// Source: RFC 3986, 2.3.
  package static func encoded(_ bytes: some Sequence<UInt8>) -> String {
    var result: [UInt8] = []
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"), UInt8(ascii: "/"):
        result.append(byte)
      default: result += [UInt8(ascii: "%")] + Array(hex([byte]).uppercased().utf8)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// Decodes `%XX`; nil for an incomplete one.
  static func decoded(_ text: some Collection<UInt8>) -> String? {
    var (result, rest): ([UInt8], [UInt8]) = ([], Array(text).reversed())
    while let byte = rest.popLast() {
      guard byte == UInt8(ascii: "%") else {
        result.append(byte)
        continue
      }
      let digits = [rest.popLast(), rest.popLast()].compactMap(\.self)
      guard digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) else {
        return nil
      }
      result.append(value)
    }
    return String(decoding: result, as: UTF8.self)
  }
}

extension MirrorPath {
  /// The path as part of a URL.
  var urlPath: String { URLPath.encoded(bytes) }
}

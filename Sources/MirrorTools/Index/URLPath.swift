import LinuxSystem

/// Percent-encoding for URLs.
enum URLPath {
  /// Encodes all bytes as `%XX` except unreserved characters and slashes.
  ///
  /// Source: RFC 3986, 2.3.
  static func encoded(_ bytes: some Sequence<UInt8>) -> String {
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
}

extension MirrorPath {
  /// The path as part of a URL.
  var urlPath: String { URLPath.encoded(bytes) }
}

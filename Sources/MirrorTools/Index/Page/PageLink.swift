/// Where a link leads. Whatever bytes a name has, it stays one path component below what it is seen from.
struct PageLink: Sendable, Hashable {
  /// Percent-encoded.
  let text: String

  /// The way to a file of the mirror from a page in `directory`.
  init(to path: MirrorPath, from directory: MirrorPath) {
    if path != directory, path.isWithin(directory) {
      let skipped = directory.bytes.isEmpty ? 0 : directory.bytes.count + 1
      text = Self.encoded(path.bytes.dropFirst(skipped))
    } else {
      text = String(repeating: "../", count: directory.components.count) + Self.encoded(path.bytes)
    }
  }

  /// A file of the mirror where its root is offered at `base`.
  init(to path: MirrorPath, at base: String) { text = "\(base)/\(Self.encoded(path.bytes))" }

  /// A place on the same page.
  init(anchor: String) { text = "#\(anchor)" }

  /// A place on another page.
  init(_ link: PageLink, anchor: String) { text = "\(link.text)#\(anchor)" }

  /// A name that a page's own parts do not have, fit for `id` and fragment: `in/BUILD/ARCH`.
  static func anchor(_ path: MirrorPath) -> String { "in/\(encoded(path.bytes))" }

  /// A small picture that is in the link itself.
  init(svg: StaticString) { text = "data:image/svg+xml,\(Self.encoded(Array("\(svg)".utf8)))" }

  /// All but the unreserved characters and slashes as `%XX`.
  ///
  /// Source: RFC 3986, 2.3.
  private static func encoded(_ bytes: some Sequence<UInt8>) -> String {
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

import LinuxSystem

/// The target of a link. A name of any bytes remains a single path component.
struct PageLink: Sendable, Hashable {
  /// Percent-encoded.
  let text: String

  /// A relative link to a file of the mirror from a page in `directory`.
  init(to path: MirrorPath, from directory: MirrorPath) {
    if path != directory, path.isWithin(directory) {
      let skipped = directory.bytes.isEmpty ? 0 : directory.bytes.count + 1
      text = URLPath.encoded(path.bytes.dropFirst(skipped))
    } else {
      text = String(repeating: "../", count: directory.components.count) + URLPath.encoded(path.bytes)
    }
  }

  /// A file of the mirror at the base URL `base`.
  init(to path: MirrorPath, at base: String) { text = "\(base)/\(URLPath.encoded(path.bytes))" }

  /// An anchor on the same page.
  init(anchor: String) { text = "#\(anchor)" }

  /// An anchor on another page.
  init(_ link: PageLink, anchor: String) { text = "\(link.text)#\(anchor)" }

  /// An id that no other part of the page uses, valid in `id` and in fragments: `in/BUILD/ARCH`.
  static func anchor(_ path: MirrorPath) -> String { "in/\(URLPath.encoded(path.bytes))" }

  /// A small picture embedded in the link.
  init(svg: StaticString) { text = "data:image/svg+xml,\(URLPath.encoded(Array("\(svg)".utf8)))" }
}

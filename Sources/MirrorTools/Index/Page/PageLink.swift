import LinuxSystem

/// Where a link leads. Whatever bytes a name has, it stays one path component below what it is seen from.
struct PageLink: Sendable, Hashable {
  /// Percent-encoded.
  let text: String

  /// The way to a file of the mirror from a page in `directory`.
  init(to path: MirrorPath, from directory: MirrorPath) {
    if path != directory, path.isWithin(directory) {
      let skipped = directory.bytes.isEmpty ? 0 : directory.bytes.count + 1
      text = URLPath.encoded(path.bytes.dropFirst(skipped))
    } else {
      text = String(repeating: "../", count: directory.components.count) + URLPath.encoded(path.bytes)
    }
  }

  /// A file of the mirror where its root is offered at `base`.
  init(to path: MirrorPath, at base: String) { text = "\(base)/\(URLPath.encoded(path.bytes))" }

  /// A place on the same page.
  init(anchor: String) { text = "#\(anchor)" }

  /// A place on another page.
  init(_ link: PageLink, anchor: String) { text = "\(link.text)#\(anchor)" }

  /// A name that a page's own parts do not have, fit for `id` and fragment: `in/BUILD/ARCH`.
  static func anchor(_ path: MirrorPath) -> String { "in/\(URLPath.encoded(path.bytes))" }

  /// A small picture that is in the link itself.
  init(svg: StaticString) { text = "data:image/svg+xml,\(URLPath.encoded(Array("\(svg)".utf8)))" }
}

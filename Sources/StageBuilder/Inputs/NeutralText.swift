import SystemPackage

/// Replaces in texts what depends on the machine: paths of the host by the names of their elements, and credentials in
/// addresses.
struct NeutralText {
  /// Longer paths first, since they contain others.
  private let places: [(path: String, name: String)]

  private static let keys = [
    "path/work", "path/chroot", "path/chroot/stage", "path/tmp", "path/install", "path/mirror",
    "path/overlay",
    "path/cache", "path/cache/git", "path/cache/package", "path/cache/ccache", "path/distfiles",
  ]

  /// - Parameter more: elements with further paths.
  init(_ settings: BuildSettings, and more: [String] = []) {
    let found = (Self.keys + more).enumerated().compactMap { index, key in
      ((try? settings.path(key)) ?? nil).map { (path: $0.string, name: key, index: index) }
    }
    places = found.sorted { ($1.path.utf8.count, $0.index) < ($0.path.utf8.count, $1.index) }
      .map { ($0.path, $0.name) }
  }

  func of(_ text: String) -> String {
    var text = text
    for (path, name) in places where text.contains(path) { text = text.replacing(path, with: "<\(name)>") }
    return Self.withoutCredentials(text)
  }

  /// `https://user:secret@host` as `https://host`.
  static func withoutCredentials(_ text: String) -> String {
    let parts = text.split(separator: "://", omittingEmptySubsequences: false)
    guard parts.count > 1 else { return text }
    let rest = parts.dropFirst().map { part in
      let host = part.prefix { !" \t\n\"'/?#".contains($0) }
      return host.lastIndex(of: "@").map { part[part.index(after: $0)...] } ?? part
    }
    return ([parts[0]] + rest).joined(separator: "://")
  }
}

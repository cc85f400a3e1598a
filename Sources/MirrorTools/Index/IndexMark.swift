import LinuxSystem

/// Tells files of ours from those of others: what we did not write is not ours to keep true.
enum IndexMark {
  /// Stands near the beginning of each of our files that others might have written.
  static let text = "mirrorctl"

  /// Whether bytes begin as ours do.
  static func isIn(_ bytes: [UInt8]) -> Bool {
    String(decoding: bytes.prefix(512), as: UTF8.self).contains(text)
  }

  /// Whether something is there that does not begin as ours do.
  static func isForeign(_ path: MirrorPath, _ anchor: borrowing AnchoredDirectory) -> Bool {
    (try? anchor.status(at: path)) != nil && !isThere(path, anchor)
  }

  /// Whether a regular file begins as ours do.
  static func isThere(_ path: MirrorPath, _ anchor: borrowing AnchoredDirectory) -> Bool {
    guard let file = try? anchor.file(path), let status = try? file.status(), status.kind == .regular,
      let bytes = try? file.bytes(upTo: 512)
    else { return false }
    return isIn(bytes)
  }
}

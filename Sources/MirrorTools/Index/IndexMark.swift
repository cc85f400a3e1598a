import LinuxSystem

/// Distinguishes files of mirrorctl from those of others, which are not updated.
enum IndexMark {
  /// Occurs near the beginning of each file that others might have written, too.
  static let text = "mirrorctl"

  /// Whether bytes begin like a file of mirrorctl.
  static func isIn(_ bytes: [UInt8]) -> Bool {
    String(decoding: bytes.prefix(512), as: UTF8.self).contains(text)
  }

  /// Whether a file exists that does not begin like one of mirrorctl.
  static func isForeign(_ path: MirrorPath, _ anchor: borrowing AnchoredDirectory) -> Bool {
    (try? anchor.status(at: path)) != nil && !isThere(path, anchor)
  }

  /// Whether a regular file begins like one of mirrorctl.
  static func isThere(_ path: MirrorPath, _ anchor: borrowing AnchoredDirectory) -> Bool {
    guard let file = try? anchor.file(path), let status = try? file.status(), status.kind == .regular,
      let bytes = try? file.bytes(upTo: 512)
    else { return false }
    return isIn(bytes)
  }
}

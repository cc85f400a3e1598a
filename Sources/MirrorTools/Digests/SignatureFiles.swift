import MirrorModel
import LinuxSystem

/// Detached signatures beside the signed files.
enum SignatureFiles {
  /// Maximum size of a signature in bytes; several signatures by large keys have a few thousand.
  static let limit = 64 << 10

  /// The formats in which a file with digests is signed.
  static func formats(
    of file: FileName, _ settings: SigningSettings, _ layout: MirrorLayout
  ) -> [SignatureFormat] {
    isSignedInPlace(file, layout) ? [.clear] : settings.formats
  }

  /// Whether a file with digests contains its own signature.
  static func isSignedInPlace(_ file: FileName, _ layout: MirrorLayout) -> Bool {
    SidecarKind(endOf: file).map { layout.signsInPlace($0) } ?? false
  }

  /// Removes the signatures of a file that is about to change, except some; returns the names of those
  /// removed.
  static func drop(
    of file: FileName, except kept: [FileName] = [], in directory: borrowing AnchoredDirectory
  ) throws(MirrorError) -> [FileName] {
    var dropped: [FileName] = []
    for format in SignatureFormat.allCases {
      let name = format.signature(of: file)
      guard !kept.contains(name), try directory.status(of: name) != nil else { continue }
      try directory.unlink(name)
      dropped.append(name)
    }
    if !dropped.isEmpty { try directory.sync() }
    return dropped
  }

  /// Whether a file has no signature, one that is older than the file, or a link or directory in its place.
  static func isWanting(
    _ format: SignatureFormat, of file: FileName, _ identity: FileIdentity,
    in directory: borrowing AnchoredDirectory
  ) throws(MirrorError) -> Bool {
    guard let signature = try directory.status(of: format.signature(of: file)), signature.kind == .regular
    else { return true }
    if format == .clear {
      let text = try? directory.contents(of: MirrorPath(bytes: file.bytes), limit: limit)
      return text.map { ClearText($0) == nil } ?? true
    }
    return signature.identity.isOlder(than: identity)
  }
}

package import LinuxSystem

/// How a detached signature is written.
public enum SignatureFormat: String, Encodable, Sendable, CaseIterable {
  /// Binary, as Metro's.
  case gpg
  /// Armoured: ASCII.
  case asc

  /// `.gpg`.
  var suffix: String { ".\(rawValue)" }

  /// The sidecar of a tarball that it is.
  package var sidecar: SidecarKind { self == .gpg ? .signature : .armored }

  /// The file that a signature with this name signs; nil if the name is not that of a signature.
  package static func parse(_ name: FileName) -> (format: SignatureFormat, file: FileName)? {
    guard name.hasSuffix(".gpg") || name.hasSuffix(".asc") else { return nil }
    return (name.hasSuffix(".gpg") ? .gpg : .asc, name.dropping(last: 4))
  }

  /// The name of a file's signature.
  package func signature(of file: FileName) -> FileName { file.appending(suffix) }
}

extension SidecarKind {
  /// The format of a signature; nil for what is none.
  package var signatureFormat: SignatureFormat? {
    switch self {
    case .signature: .gpg
    case .armored: .asc
    case .hashText, .digests, .contents, .metalink: nil
    }
  }
}

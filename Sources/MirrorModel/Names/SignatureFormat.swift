package import LinuxSystem

/// The formats of detached signatures.
public enum SignatureFormat: String, Encodable, Sendable, CaseIterable {
  /// Binary, as in Metro.
  case gpg
  /// Armoured: ASCII.
  case asc

  /// `.gpg`.
  var suffix: String { ".\(rawValue)" }

  /// The kind of sidecar that it is for a tarball.
  package var sidecar: SidecarKind { self == .gpg ? .signature : .armored }

  /// The file that a signature with this name signs; nil if the name is not a signature's.
  package static func parse(_ name: FileName) -> (format: SignatureFormat, file: FileName)? {
    guard name.hasSuffix(".gpg") || name.hasSuffix(".asc") else { return nil }
    return (name.hasSuffix(".gpg") ? .gpg : .asc, name.dropping(last: 4))
  }

  /// The name of a file's signature.
  package func signature(of file: FileName) -> FileName { file.appending(suffix) }
}

extension SidecarKind {
  /// The format of a signature; nil if the name is not a signature's.
  package var signatureFormat: SignatureFormat? {
    switch self {
    case .signature: .gpg
    case .armored: .asc
    case .hashText, .digests, .contents, .metalink, .withdrawal: nil
    }
  }
}

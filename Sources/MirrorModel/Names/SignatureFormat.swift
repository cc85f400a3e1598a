package import LinuxSystem

/// The formats of signatures.
public enum SignatureFormat: String, Encodable, Sendable, CaseIterable {
  /// Binary, as in Metro.
  case gpg
  /// Armoured: ASCII.
  case asc
  /// Clear-signed text: the signature is in the signed file itself. Not a detached signature, so not one of
  /// ``allCases``; the layout determines which files have it.
  case clear

  /// The formats of detached signatures.
  public static var allCases: [SignatureFormat] { [.gpg, .asc] }

  /// `.gpg`.
  var suffix: String { self == .clear ? "" : ".\(rawValue)" }

  /// The kind of sidecar that it is for a tarball, which never contains its own signature.
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
    case .hashText, .digests, .sha256, .spdx, .cyclonedx, .provenance, .contents, .listing, .metalink,
      .withdrawal:
      nil
    }
  }
}

package import LinuxSystem
package import MirrorModel

/// The digests that documents have of their tarballs.
package enum DocumentDigests {
  /// No larger document is read, in bytes.
  package static let limit = 64 << 20

  private struct SPDX: Decodable {
    struct Package: Decodable {
      let packageFileName: String?
      let checksums: [Checksum]?
    }
    struct Checksum: Decodable { let algorithm, checksumValue: String }

    let packages: [Package]
  }

  private struct CycloneDX: Decodable {
    struct Metadata: Decodable { let component: Component }
    struct Component: Decodable {
      let name: String
      let hashes: [Hash]?
    }
    struct Hash: Decodable { let alg, content: String }

    let metadata: Metadata
  }

  /// The SHA-256 that a document has of a tarball; nil if it has none, or is not a document of this kind.
  package static func digests(_ text: [UInt8], _ kind: SidecarKind, of tarball: FileName) -> DigestSet? {
    guard text.count <= limit, let hex = sha256(text, kind, of: tarball.description) else { return nil }
    return SidecarText.digest(Array(hex.utf8)[...], .sha256)
  }

  private static func sha256(_ text: [UInt8], _ kind: SidecarKind, of tarball: String) -> String? {
    switch kind {
    case .provenance: return Statement(text)?.subject.first { $0.name == tarball }?.sha256
    case .spdx:
      let package = OutsideJSON.decode(SPDX.self, from: text)?.packages.first {
        $0.packageFileName == tarball
      }
      return package?.checksums?.first { $0.algorithm == "SHA256" }?.checksumValue
    case .cyclonedx:
      let component = OutsideJSON.decode(CycloneDX.self, from: text)?.metadata.component
      guard component?.name == tarball else { return nil }
      return component?.hashes?.first { $0.alg == "SHA-256" }?.content
    default: return nil
    }
  }
}

package import LinuxSystem

/// The kinds of sidecars that can be configured.
public enum DigestFormat: String, CaseIterable, Sendable {
  /// Metro's `<tarball>.hash.txt`, always written.
  case hashText = "hash.txt"
  /// `SHA256SUMS`, `SHA512SUMS`, `B2SUMS` of coreutils, in each directory.
  case sums
  /// A `CHECKSUMS` with BSD tags in each directory.
  case bsd
  /// Gentoo's `<tarball>.DIGESTS`.
  case digests
  /// A GLEP 74 `Manifest` in each directory.
  case manifest
}

/// Files that list the digests of all tarballs in one directory.
package enum ManifestKind: UInt8, Sendable, CaseIterable {
  case sha256Sums, sha512Sums, blake2bSums, bsdTags, manifest

  package var fileName: FileName {
    switch self {
    case .sha256Sums: "SHA256SUMS"
    case .sha512Sums: "SHA512SUMS"
    case .blake2bSums: "B2SUMS"
    case .bsdTags: "CHECKSUMS"
    case .manifest: "Manifest"
    }
  }

  private static let byName = Dictionary(uniqueKeysWithValues: allCases.map { ($0.fileName, $0) })

  package init?(fileName: FileName) {
    guard let kind = Self.byName[fileName] else { return nil }
    self = kind
  }

  /// The only algorithm of a coreutils file.
  package var algorithm: DigestAlgorithm? {
    switch self {
    case .sha256Sums: .sha256
    case .sha512Sums: .sha512
    case .blake2bSums: .blake2b
    case .bsdTags, .manifest: nil
    }
  }

  /// The files of `format` for these algorithms.
  package static func kinds(of format: DigestFormat, _ algorithms: Set<DigestAlgorithm>) -> [ManifestKind] {
    switch format {
    case .hashText, .digests: []
    case .sums: allCases.filter { $0.algorithm.map(algorithms.contains) ?? false }
    case .bsd: [.bsdTags]
    case .manifest: [.manifest]
    }
  }
}

/// The manifests that exist in a directory.
package struct ManifestKinds: OptionSet, Sendable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  package init(_ kind: ManifestKind) { self.init(rawValue: 1 << kind.rawValue) }

  package func contains(_ kind: ManifestKind) -> Bool { contains(ManifestKinds(kind)) }

  /// In order of declaration.
  package var kinds: [ManifestKind] { ManifestKind.allCases.filter { contains($0) } }
}

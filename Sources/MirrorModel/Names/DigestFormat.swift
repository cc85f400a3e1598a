package import LinuxSystem

/// The kinds of sidecars a user may ask for.
public enum DigestFormat: String, CaseIterable, Sendable {
  /// Metro's `<tarball>.hash.txt`, always written.
  case hashText = "hash.txt"
  /// coreutils' `SHA256SUMS`, `SHA512SUMS`, `B2SUMS` in each directory.
  case sums
  /// BSD tags in a `CHECKSUMS` of each directory.
  case bsd
  /// Gentoo's `<tarball>.DIGESTS`.
  case digests
  /// A GLEP 74 `Manifest` in each directory.
  case manifest
}

/// Files that list the digests of all tarballs of one directory.
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

  /// The one algorithm of a coreutils file.
  package var algorithm: DigestAlgorithm? {
    switch self {
    case .sha256Sums: .sha256
    case .sha512Sums: .sha512
    case .blake2bSums: .blake2b
    case .bsdTags, .manifest: nil
    }
  }

  /// The files that `format` stands for, with these algorithms.
  package static func kinds(of format: DigestFormat, _ algorithms: Set<DigestAlgorithm>) -> [ManifestKind] {
    switch format {
    case .hashText, .digests: []
    case .sums: allCases.filter { $0.algorithm.map(algorithms.contains) ?? false }
    case .bsd: [.bsdTags]
    case .manifest: [.manifest]
    }
  }
}

/// Which of them a directory has.
package struct ManifestKinds: OptionSet, Sendable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  package init(_ kind: ManifestKind) { self.init(rawValue: 1 << kind.rawValue) }

  package func contains(_ kind: ManifestKind) -> Bool { contains(ManifestKinds(kind)) }

  /// In their order of declaration.
  package var kinds: [ManifestKind] { ManifestKind.allCases.filter { contains($0) } }
}

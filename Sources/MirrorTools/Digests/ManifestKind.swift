/// Files that list the digests of all tarballs of one directory.
enum ManifestKind: Sendable, CaseIterable {
  case sha256Sums, sha512Sums, blake2bSums, bsdTags, manifest

  var fileName: FileName {
    switch self {
    case .sha256Sums: "SHA256SUMS"
    case .sha512Sums: "SHA512SUMS"
    case .blake2bSums: "B2SUMS"
    case .bsdTags: "CHECKSUMS"
    case .manifest: "Manifest"
    }
  }

  init?(fileName: FileName) {
    guard let kind = Self.allCases.first(where: { $0.fileName == fileName }) else { return nil }
    self = kind
  }
}

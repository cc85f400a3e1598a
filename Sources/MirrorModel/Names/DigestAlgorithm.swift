import LinuxSystem

/// The message digests in sidecars.
public enum DigestAlgorithm: String, CaseIterable, Codable, Sendable {
  /// FIPS 180-4, 32 bytes.
  case sha256
  /// FIPS 180-4, 64 bytes.
  case sha512
  /// BLAKE2b-512, RFC 7693, 64 bytes.
  case blake2b

  /// Bytes of a digest.
  package var length: Int { self == .sha256 ? 32 : 64 }

  /// The name in BSD tags, as written by coreutils.
  package var tag: String {
    switch self {
    case .sha256: "SHA256"
    case .sha512: "SHA512"
    case .blake2b: "BLAKE2b"
    }
  }

  /// The name in Gentoo's Manifest and DIGESTS files (GLEP 74).
  package var manifestTag: String { tag.uppercased() }

  /// From any of its spellings.
  package init?(tag: some StringProtocol) {
    guard let algorithm = Self.allCases.first(where: { $0.manifestTag == tag.uppercased() }) else {
      return nil
    }
    self = algorithm
  }
}

/// Digests of the same content, by algorithm.
package struct DigestSet: Hashable, Sendable {
  private var sha256: [UInt8]?
  private var sha512: [UInt8]?
  private var blake2b: [UInt8]?

  package init() {}

  package subscript(algorithm: DigestAlgorithm) -> [UInt8]? {
    get {
      switch algorithm {
      case .sha256: sha256
      case .sha512: sha512
      case .blake2b: blake2b
      }
    }
    set {
      switch algorithm {
      case .sha256: sha256 = newValue
      case .sha512: sha512 = newValue
      case .blake2b: blake2b = newValue
      }
    }
  }

  /// The algorithms that are present, in order of declaration.
  package var algorithms: [DigestAlgorithm] { DigestAlgorithm.allCases.filter { self[$0] != nil } }

  /// Lowercase hexadecimal digests by the name of the algorithm: `sha256`.
  package var hexadecimal: [String: String] {
    Dictionary(uniqueKeysWithValues: algorithms.map { ($0.rawValue, hex(self[$0] ?? [])) })
  }

  /// One line per digest, `sha256 <hex>`, sorted by algorithm.
  package var lines: [String] { hexadecimal.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" } }

  package func covers(_ wanted: Set<DigestAlgorithm>) -> Bool { wanted.allSatisfy { self[$0] != nil } }

  /// Whether both agree on all algorithms that both contain.
  package func agrees(with other: DigestSet) -> Bool {
    DigestAlgorithm.allCases.allSatisfy { algorithm in
      guard let mine = self[algorithm], let theirs = other[algorithm] else { return true }
      return mine == theirs
    }
  }

  /// This set, with algorithms added that only `other` contains.
  package func merging(_ other: DigestSet) -> DigestSet {
    var merged = self
    for algorithm in other.algorithms where merged[algorithm] == nil { merged[algorithm] = other[algorithm] }
    return merged
  }
}

/// The verdict on a detached signature of one file, if only one key is trusted.
package enum SignatureVerdict: Hashable, Sendable, CustomStringConvertible {
  /// By the key, for this content.
  case valid
  /// By the key, for other content.
  case bad
  /// By another key, with its id or fingerprint.
  case otherKey(String)
  /// By a key that signed before and was not revoked.
  case previousKey(String)
  /// By the key, but the signature has expired.
  case expired
  /// By the key, which has expired.
  case keyExpired
  /// By an expired subkey of the key, which itself has not expired.
  case subkeyExpired
  /// By the key, which was revoked.
  case keyRevoked
  /// With a hash algorithm for which other content with the same hash can be made.
  case weak(String)
  /// Not a signature.
  case unreadable

  /// Whether a new signature by the key would be better.
  package var isUnfit: Bool {
    switch self {
    case .bad, .otherKey, .previousKey, .expired, .weak, .unreadable: true
    case .valid, .keyExpired, .subkeyExpired, .keyRevoked: false
    }
  }

  /// Derives the verdict from gpgv's status lines; its exit status adds nothing.
  ///
  /// - Parameters:
  ///   - pinned: the keys that count, or their primary keys; empty for all that gpgv has.
  ///   - previous: keys that signed before.
  init(_ statuses: [GnuPGStatus], trusting pinned: Set<Fingerprint>, previous: Set<Fingerprint> = []) {
    let verdicts = statuses.split(separator: .newSignature).compactMap { Self.one($0, pinned, previous) }
    // One bad signature invalidates the others: the file or the signature was changed.
    if verdicts.contains(.bad) {
      self = .bad
    } else if verdicts.contains(.valid) {
      self = .valid
    } else {
      self = verdicts.first ?? .unreadable
    }
  }

  private static func one(
    _ statuses: ArraySlice<GnuPGStatus>, _ pinned: Set<Fingerprint>, _ previous: Set<Fingerprint>
  ) -> SignatureVerdict? {
    if statuses.contains(.bad) { return .bad }
    for status in statuses {
      guard case .valid(let key, let primary, let hash) = status else { continue }
      guard pinned.isEmpty || pinned.contains(key) || pinned.contains(primary) else {
        let isPrevious =
          (previous.contains(key) || previous.contains(primary)) && GnuPGStatus.weakHashes[hash] == nil
          && !statuses.contains(.signedByRevokedKey)
        return isPrevious ? .previousKey("\(key)") : .otherKey("\(key)")
      }
      if let name = GnuPGStatus.weakHashes[hash] { return .weak(name) }
      if statuses.contains(.signedByRevokedKey) { return .keyRevoked }
      if statuses.contains(.signedByExpiredKey) {
        return key == primary || pinned.contains(key) ? .keyExpired : .subkeyExpired
      }
      if statuses.contains(.signatureExpired) { return .expired }
      return statuses.contains(.good) ? .valid : .unreadable
    }
    for status in statuses {
      if case .unchecked(let key, let hash, let isKeyMissing) = status {
        if isKeyMissing { return .otherKey(key) }
        return GnuPGStatus.weakHashes[hash].map { .weak($0) } ?? .unreadable
      }
      if case .noPublicKey(let key) = status { return .otherKey(key) }
    }
    return nil
  }

  /// Continues `the signature …`.
  package var description: String {
    switch self {
    case .valid: "is good"
    case .bad: "does not match the file"
    case .otherKey(let key): "was made by another key, \(key)"
    case .previousKey(let key): "was made by the previous key, \(key)"
    case .expired: "has expired"
    case .keyExpired: "was made by an expired key"
    case .subkeyExpired: "was made by an expired subkey"
    case .keyRevoked: "was made by a revoked key"
    case .weak(let hash): "uses \(hash), which is not secure"
    case .unreadable: "is not a signature that gpgv can read"
    }
  }
}

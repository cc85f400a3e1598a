/// What a detached signature is worth for one file, when one key alone is trusted.
package enum SignatureVerdict: Hashable, Sendable, CustomStringConvertible {
  /// By the key, of this very content.
  case valid
  /// By the key, of something else.
  case bad
  /// By a key that is not trusted, with its id or fingerprint.
  case otherKey(String)
  /// By the key, but its time is over.
  case expired
  /// By the key, whose own time is over.
  case keyExpired
  /// By a subkey of the key whose time is over, while the key lives on.
  case subkeyExpired
  /// By the key, which was revoked.
  case keyRevoked
  /// No signature at all.
  case unreadable

  /// What gpgv's statuses make of it; its exit status says nothing that they do not.
  init(_ statuses: [GnuPGStatus], trusting pinned: Fingerprint) {
    let verdicts = statuses.split(separator: .newSignature).compactMap { Self.one($0, pinned) }
    // One that is bad spoils the others: somebody changed the file, or this one.
    if verdicts.contains(.bad) {
      self = .bad
    } else if verdicts.contains(.valid) {
      self = .valid
    } else {
      self = verdicts.first ?? .unreadable
    }
  }

  private static func one(_ statuses: ArraySlice<GnuPGStatus>, _ pinned: Fingerprint) -> SignatureVerdict? {
    if statuses.contains(.bad) { return .bad }
    for status in statuses {
      guard case .valid(let key, let primary) = status else { continue }
      guard key == pinned || primary == pinned else { return .otherKey("\(key)") }
      if statuses.contains(.signedByRevokedKey) { return .keyRevoked }
      if statuses.contains(.signedByExpiredKey) {
        return key == pinned ? .keyExpired : .subkeyExpired
      }
      if statuses.contains(.signatureExpired) { return .expired }
      return statuses.contains(.good) ? .valid : .unreadable
    }
    for status in statuses {
      if case .unchecked(let key, let isKeyMissing) = status {
        return isKeyMissing ? .otherKey(key) : .unreadable
      }
      if case .noPublicKey(let key) = status { return .otherKey(key) }
    }
    return nil
  }

  /// Completes `the signature …`.
  package var description: String {
    switch self {
    case .valid: "is good"
    case .bad: "does not match it"
    case .otherKey(let key): "is by another key, \(key)"
    case .expired: "has expired"
    case .keyExpired: "is by a key that has expired"
    case .subkeyExpired: "is by an expired subkey"
    case .keyRevoked: "is by a key that was revoked"
    case .unreadable: "is no signature that gpgv can read"
    }
  }
}

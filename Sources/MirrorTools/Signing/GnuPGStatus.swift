import LinuxSystem

/// A line of the status protocol of gpg and gpgv (doc/DETAILS of GnuPG).
///
/// An incomplete line is `other`, so that it cannot count as a good signature.
enum GnuPGStatus: Hashable, Sendable {
  /// The following lines are about another signature.
  case newSignature
  /// `GOODSIG`.
  case good
  /// `VALIDSIG`: the signing key, its primary key, and the number of the hash algorithm.
  case valid(key: Fingerprint, primary: Fingerprint, hash: Int)
  /// `BADSIG`.
  case bad
  /// `ERRSIG`: cannot be checked; the key, the number of the hash algorithm, and whether a missing key is the
  /// only reason.
  case unchecked(key: String, hash: Int, isKeyMissing: Bool)
  /// `NO_PUBKEY`.
  case noPublicKey(String)
  /// `EXPSIG`, `EXPKEYSIG` and `REVKEYSIG`: a correct signature that expired, or by an expired or revoked
  /// key.
  case signatureExpired, signedByExpiredKey, signedByRevokedKey
  /// `SIG_CREATED`: a detached signature or a clear-signed text, with the number of its hash algorithm.
  case created(key: Fingerprint, hash: Int)
  /// `INV_SGNR`: the key cannot be used; the number of the reason.
  case invalidSigner(reason: Int)
  /// `FAILURE`: the number of libgpg-error, without the component that failed.
  case failure(code: Int)
  /// `NO_SECKEY`.
  case noSecretKey
  /// `KEYEXPIRED` and `KEYREVOKED`.
  case keyExpired, keyRevoked
  /// `PINENTRY_LAUNCHED`: the user was prompted.
  case pinentryLaunched
  /// `MISSING_PASSPHRASE` and `BAD_PASSPHRASE`.
  case missingPassphrase, badPassphrase
  /// `SC_OP_FAILURE` and `CARDCTRL`.
  case card
  /// `ERROR add_keyblock_resource`: the keyring cannot be read.
  case noKeyring
  /// `NODATA`.
  case noData
  /// Any other line, by its keyword.
  case other(String)

  /// Numbers and names of hash algorithms that do not protect against forgery. Source: RFC 9580, 9.5.
  static let weakHashes = [1: "MD5", 2: "SHA-1", 3: "RIPEMD-160"]

  /// Parses one line; nil if it is not a status line.
  init?(_ line: String) {
    guard line.hasPrefix("[GNUPG:] ") else { return nil }
    let words = line.dropFirst(9).split(separator: " ")
    guard let keyword = words.first else { return nil }
    self = Self.parse(keyword, Array(words.dropFirst())) ?? .other(String(keyword))
  }

  private static func parse(_ keyword: Substring, _ words: [Substring]) -> GnuPGStatus? {
    switch keyword {
    case "NEWSIG": .newSignature
    case "GOODSIG": words.isEmpty ? nil : .good
    case "VALIDSIG": valid(words)
    case "BADSIG": .bad
    case "ERRSIG": unchecked(words)
    case "NO_PUBKEY": words.first.map { .noPublicKey(String($0)) }
    case "EXPSIG": .signatureExpired
    case "EXPKEYSIG": .signedByExpiredKey
    case "REVKEYSIG": .signedByRevokedKey
    case "SIG_CREATED": created(words)
    case "INV_SGNR": words.first.flatMap { Int($0) }.map { .invalidSigner(reason: $0) }
    // The upper bits of the number identify the component of GnuPG that failed.
    case "FAILURE": words.dropFirst().first.flatMap { Int($0) }.map { .failure(code: $0 & 0xffff) }
    case "NO_SECKEY": .noSecretKey
    case "KEYEXPIRED": .keyExpired
    case "KEYREVOKED": .keyRevoked
    case "PINENTRY_LAUNCHED": .pinentryLaunched
    case "MISSING_PASSPHRASE": .missingPassphrase
    case "BAD_PASSPHRASE": .badPassphrase
    case "SC_OP_FAILURE", "CARDCTRL": .card
    case "ERROR": words.first == "add_keyblock_resource" ? .noKeyring : nil
    case "NODATA": .noData
    default: nil
    }
  }

  /// The id of the key, two algorithms, the class, the time, the reason (9: no key), and optionally the
  /// fingerprint.
  private static func unchecked(_ words: [Substring]) -> GnuPGStatus? {
    guard words.count >= 6, let hash = Int(words[2]) else { return nil }
    let fingerprint = words.count > 6 ? Fingerprint(words[6]) : nil
    return .unchecked(
      key: fingerprint.map { "\($0)" } ?? String(words[0]), hash: hash, isKeyMissing: words[5] == "9")
  }

  /// The first field is the key, the eighth is the hash algorithm, the tenth is the primary key.
  private static func valid(_ words: [Substring]) -> GnuPGStatus? {
    guard words.count >= 10, let key = Fingerprint(words[0]), let primary = Fingerprint(words[9]),
      let hash = Int(words[7])
    else { return nil }
    return .valid(key: key, primary: primary, hash: hash)
  }

  /// `D` or `C`, the public-key algorithm, the hash algorithm, the class, the time, the key.
  private static func created(_ words: [Substring]) -> GnuPGStatus? {
    guard words.count >= 6, ["C", "D"].contains(words[0]), let hash = Int(words[2]),
      let key = Fingerprint(words[5])
    else {
      return nil
    }
    return .created(key: key, hash: hash)
  }

  /// Separates output into status lines and messages for people.
  static func parse(_ output: [UInt8]) -> (statuses: [GnuPGStatus], messages: [String]) {
    var result: (statuses: [GnuPGStatus], messages: [String]) = ([], [])
    for line in output.split(separator: UInt8(ascii: "\n")) {
      let text = String(decoding: line, as: UTF8.self)
      if let status = GnuPGStatus(text) {
        result.statuses.append(status)
      } else {
        result.messages.append(escaped(Array(line)))
      }
    }
    return result
  }
}

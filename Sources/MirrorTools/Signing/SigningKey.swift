import LinuxSystem

/// A key as listed by gpg.
public struct SigningKey: Sendable, Encodable {
  /// Whether a key can sign, or why not.
  public enum State: String, Sendable, Encodable {
    case usable, expired, revoked, disabled, invalid
    /// Neither the key nor a subkey may sign.
    case certifyOnly = "certify only"
    /// The key may not sign, and its signing subkeys are no longer usable.
    case signerExpired = "signing subkey expired"
    case signerRevoked = "signing subkey revoked"
  }

  /// Place of the secret part.
  public enum Secret: String, Sendable, Encodable {
    case available, card, missing
  }

  /// The requested key: a primary key or a subkey.
  public let fingerprint: Fingerprint
  /// Its primary key.
  public let primary: Fingerprint
  /// Its user ids, escaped for display.
  public internal(set) var users: [String] = []
  /// Seconds since the epoch.
  public let created: Int64?
  /// Seconds since the epoch; nil for never.
  public let expires: Int64?
  /// When the key or its last signing subkey expires: seconds since the epoch, nil for never.
  public let signsUntil: Int64?
  /// Whether it can sign, or why not.
  public let state: State
  /// Place of its secret part; nil if not requested.
  public internal(set) var secret: Secret?
  /// The ids of expired signing subkeys, 16 hexadecimal digits each.
  let expiredSigners: Set<String>
  /// Fingerprints of the primary key and all subkeys.
  let fingerprints: Set<Fingerprint>

  private enum CodingKeys: CodingKey {
    case fingerprint, primary, users, created, expires, signsUntil, state, secret
  }

  /// Finds a key in a listing by gpg `--with-colons`; nil if it is not in it.
  ///
  /// - Parameter alone: whether the listing must not contain other keys.
  init?(_ fingerprint: Fingerprint, in listing: [UInt8], alone: Bool = false) {
    let records = listing.split(separator: UInt8(ascii: "\n")).map(Record.init)
    let starts = records.indices.filter { ["pub", "sec"].contains(records[$0].kind) }
    if alone, starts.count != 1 { return nil }
    for (start, end) in zip(starts, starts.dropFirst() + [records.count]) {
      let block = records[start..<end]
      guard let own = block.firstIndex(where: { $0.fingerprint == fingerprint }),
        let primary = block.lazy.compactMap(\.fingerprint).first,
        let key = block[..<own].last(where: { Self.kinds.contains($0.kind) })
      else { continue }
      self.fingerprint = fingerprint
      self.primary = primary
      users = block.filter { $0.kind == "uid" }.map { escaped($0.unescaped(9)) }
      created = Int64(key[5])
      expires = Int64(key[6])
      // A primary key that is stored offline signs with a subkey.
      let signers =
        fingerprint == primary
        ? block.filter { Self.kinds.contains($0.kind) && $0[11].contains("s") } : [key]
      let states = signers.map(Self.state)
      let fault = [block[start], key].map(Self.state).first { $0 != .usable }
      state = fault ?? Self.state(ofSigners: states)
      let usable = zip(signers, states).filter { $0.1 == .usable }.map(\.0)
      let lasting = usable.isEmpty ? zip(signers, states).filter { $0.1 == .expired }.map(\.0) : usable
      signsUntil = Self.end(of: block[start], lasting)
      expiredSigners =
        fingerprint == primary ? Set(zip(signers, states).filter { $0.1 == .expired }.map { $0.0[4] }) : []
      fingerprints = Set(block.compactMap(\.fingerprint))
      let secrets = (usable.isEmpty ? Array(block) : usable).filter { ["sec", "ssb"].contains($0.kind) }
        .map(Self.secret)
      secret = [.available, .card, .missing].first { secrets.contains($0) }
      return
    }
    return nil
  }

  /// The number of primary keys in a listing.
  static func count(in listing: [UInt8]) -> Int {
    listing.split(separator: UInt8(ascii: "\n")).map(Record.init).count { ["pub", "sec"].contains($0.kind) }
  }

  /// The key argument for gpg: exactly this subkey, or a primary key with its signing subkey.
  var signer: String { fingerprint == primary ? "\(fingerprint)" : "\(fingerprint)!" }

  private static let kinds = ["pub", "sec", "sub", "ssb"]

  private static func state(_ record: Record) -> State {
    if record[11].contains("D") { return .disabled }
    switch record[1].first {
    case "e": return .expired
    case "r": return .revoked
    case "d": return .disabled
    case "i": return .invalid
    default: return .usable
    }
  }

  /// The state of a primary key whose signing keys have these states.
  private static func state(ofSigners states: [State]) -> State {
    if states.isEmpty { return .certifyOnly }
    if states.contains(.usable) { return .usable }
    if states.contains(.expired) { return .signerExpired }
    return states.contains(.revoked) ? .signerRevoked : .invalid
  }

  /// When the last of these keys expires; nil for never.
  private static func end(of primary: Record, _ signers: [Record]) -> Int64? {
    let ends = signers.map { Int64($0[6]) ?? .max }
    let end = min(Int64(primary[6]) ?? .max, ends.max() ?? .max)
    return end == .max ? nil : end
  }

  /// `+`, `#` for a stub, or the serial number of a card.
  private static func secret(_ record: Record) -> Secret {
    switch record[14] {
    case "+": .available
    case "#", "": .missing
    default: .card
    }
  }
}

/// A line of gpg's listing, split at colons.
private struct Record {
  private let fields: [[UInt8]]

  init(_ line: ArraySlice<UInt8>) {
    fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map(Array.init)
  }

  var kind: String { self[0] }

  /// The fingerprint, if the line contains one.
  var fingerprint: Fingerprint? { kind == "fpr" ? Fingerprint(self[9]) : nil }

  /// Empty if there is no such field.
  subscript(index: Int) -> String { String(decoding: bytes(index), as: UTF8.self) }

  private func bytes(_ index: Int) -> [UInt8] { fields.indices.contains(index) ? fields[index] : [] }

  /// Decodes `\x3a`, as gpg writes colons and control characters.
  func unescaped(_ index: Int) -> [UInt8] {
    var (result, rest) = ([UInt8](), bytes(index)[...])
    while let byte = rest.popFirst() {
      let digits = rest.dropFirst().prefix(2)
      if byte == UInt8(ascii: "\\"), rest.first == UInt8(ascii: "x"), digits.count == 2,
        let escape = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
      {
        result.append(escape)
        rest = rest.dropFirst(3)
      } else {
        result.append(byte)
      }
    }
    return result
  }
}

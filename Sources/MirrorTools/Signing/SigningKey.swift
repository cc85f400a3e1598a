import LinuxSystem

/// A key, as gpg lists it.
public struct SigningKey: Sendable, Encodable {
  /// What keeps a key from signing.
  public enum State: String, Sendable, Encodable {
    case usable, expired, revoked, disabled, invalid
    /// Neither it nor a subkey of it may sign.
    case certifyOnly = "certify only"
    /// It may not sign, and its subkeys that may are not usable any more.
    case signerExpired = "signing subkey expired"
    case signerRevoked = "signing subkey revoked"
  }

  /// Where its secret part is.
  public enum Secret: String, Sendable, Encodable {
    case available, card, missing
  }

  /// The key that was asked for: a primary key or a subkey.
  public let fingerprint: Fingerprint
  /// Its primary key.
  public let primary: Fingerprint
  /// Whose it is, escaped for display.
  public internal(set) var users: [String] = []
  /// Seconds since the epoch.
  public let created: Int64?
  /// Seconds since the epoch; nil for never.
  public let expires: Int64?
  /// When the last subkey that signs for it expires, or it does itself: seconds since the epoch, nil for never.
  public let signsUntil: Int64?
  /// Whether it can sign, or why not.
  public let state: State
  /// Where its secret part is; nil if that was not asked.
  public internal(set) var secret: Secret?
  /// The ids of signing subkeys that have expired, 16 hexadecimal digits each.
  let expiredSigners: Set<String>
  /// Those of the primary key and all subkeys.
  let fingerprints: Set<Fingerprint>

  private enum CodingKeys: CodingKey {
    case fingerprint, primary, users, created, expires, signsUntil, state, secret
  }

  /// Finds a key in a listing that gpg made `--with-colons`; nil if it is not there.
  ///
  /// - Parameter alone: whether no other key may be listed.
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
      // A primary key that is kept in a safe signs by a subkey.
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

  /// How gpg is told to sign with it: a subkey by itself alone, a primary key by the subkey that it signs with.
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

  /// What a primary key is worth whose keys that may sign are of these states.
  private static func state(ofSigners states: [State]) -> State {
    if states.isEmpty { return .certifyOnly }
    if states.contains(.usable) { return .usable }
    if states.contains(.expired) { return .signerExpired }
    return states.contains(.revoked) ? .signerRevoked : .invalid
  }

  /// When the last of these can sign no longer; nil for never.
  private static func end(of primary: Record, _ signers: [Record]) -> Int64? {
    let ends = signers.map { Int64($0[6]) ?? .max }
    let end = min(Int64(primary[6]) ?? .max, ends.max() ?? .max)
    return end == .max ? nil : end
  }

  /// `+`, `#` for a stub, or a card's serial number.
  private static func secret(_ record: Record) -> Secret {
    switch record[14] {
    case "+": .available
    case "#", "": .missing
    default: .card
    }
  }
}

/// A line of gpg's listing: fields between colons.
private struct Record {
  private let fields: [[UInt8]]

  init(_ line: ArraySlice<UInt8>) {
    fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map(Array.init)
  }

  var kind: String { self[0] }

  /// That of a line that tells one.
  var fingerprint: Fingerprint? { kind == "fpr" ? Fingerprint(self[9]) : nil }

  /// Empty where there is none.
  subscript(index: Int) -> String { String(decoding: bytes(index), as: UTF8.self) }

  private func bytes(_ index: Int) -> [UInt8] { fields.indices.contains(index) ? fields[index] : [] }

  /// gpg writes a colon, and what would break a line, as `\x3a`.
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

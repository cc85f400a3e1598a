import MirrorModel
public import LinuxSystem

extension SigningKey {
  /// Seconds before expiry from which a key is reported.
  private static let notice: Int64 = 30 * 86_400

  /// Why it cannot sign, with a remedy; nil if it can.
  public var objection: MirrorError? {
    let name = "signing/key"
    let addition = "gpg --quick-add-key \(primary) ed25519 sign 2y"
    switch state {
    case .usable: return nil
    case .certifyOnly:
      return MirrorError(
        .invalid, name, "\(fingerprint) can only certify, and has no signing subkey",
        remedy: "add one with \(addition)")
    case .signerExpired:
      return MirrorError(
        .invalid, name, "the signing subkey of \(fingerprint) has expired",
        remedy: "add a new one with \(addition), or extend it with \(extension_)")
    case .signerRevoked:
      return MirrorError(
        .invalid, name, "the signing subkey of \(fingerprint) was revoked", remedy: "add one with \(addition)"
      )
    case .expired:
      return MirrorError(
        .invalid, name, "\(fingerprint) has expired",
        remedy: "extend it with gpg --quick-set-expire, or sign with another key")
    case .revoked, .disabled, .invalid:
      return MirrorError(
        .invalid, name, "\(fingerprint) is \(state.rawValue)", remedy: "sign with another key")
    }
  }

  /// Why it cannot sign, or that it expires within 30 days; nil if neither.
  ///
  /// - Parameter now: seconds since the epoch.
  public func warning(at now: Int64) -> MirrorError? {
    if let objection { return objection }
    guard let end = signsUntil, end &- now < Self.notice else { return nil }
    let days = max(0, (end &- now) / 86_400)
    let isOwnEnd = primary != fingerprint || expires == end
    return MirrorError(
      .invalid, "signing/key",
      "\(isOwnEnd ? "" : "the signing subkey of ")\(fingerprint) expires on \(CalendarDate(localDayOf: end)), "
        + "in \(counted(Int(clamping: days), "day", "days"))",
      remedy: "extend it with \(isOwnEnd ? "gpg --quick-set-expire \(primary) 2y" : extension_)")
  }

  /// That its secret part was looked for and is not here; nil otherwise.
  public var absence: MirrorError? {
    guard secret == .missing else { return nil }
    return MirrorError(
      .invalid, "signing/key", "the secret part of \(fingerprint) is not here",
      remedy: "import it, or set signing/homedir to the directory that has it")
  }

  private var extension_: String { "gpg --quick-set-expire \(primary) 2y '*'" }
}

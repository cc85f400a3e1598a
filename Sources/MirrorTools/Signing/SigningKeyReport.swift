public import LinuxSystem
import MirrorModel

/// The signing key as listed by gpg, and whether it can sign.
public struct SigningKeyReport: Report {
  /// The key.
  public let key: SigningKey
  /// Problems that do not prevent signing.
  public let messages: [MirrorError]
  private var canSign: Bool { key.state == .usable && key.secret != .missing }

  private enum CodingKeys: CodingKey { case key }

  /// - Parameter now: seconds since the epoch.
  public init(_ key: SigningKey, _ settings: SigningSettings, now: Int64) {
    self.key = key
    messages = [key.state == .usable ? key.warning(at: now) : nil, settings.exposedHome].compactMap(\.self)
  }

  /// One line per property.
  public var lines: [ReportLine] {
    func day(_ time: Int64) -> String { "\(CalendarDate(localDayOf: time))" }
    var lines = ["key: \(key.fingerprint)"]
    if key.primary != key.fingerprint { lines.append("primary key: \(key.primary)") }
    lines += key.users.map { "user: \($0)" }
    lines.append("expires: \(key.expires.map(day) ?? "never")")
    if key.signsUntil != key.expires, let end = key.signsUntil { lines.append("signs until: \(day(end))") }
    lines += ["state: \(key.state.rawValue)", "secret: \(key.secret?.rawValue ?? "unknown")"]
    return lines.map { ReportLine($0, isEssential: !canSign) }
  }

  /// `failed` if it cannot sign.
  public var status: ExitStatus { canSign ? .done : .failed }
}

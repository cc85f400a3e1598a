import MirrorModel
import LinuxSystem

/// `signing-key.txt` at the root of a mirror: when keys were replaced or revoked, for downloaders.
struct KeyNotice: Hashable, Sendable {
  /// Its name.
  static let name: FileName = "signing-key.txt"

  /// What happened to a key.
  struct Event: Hashable, Sendable {
    let date: CalendarDate
    let old: Fingerprint
    let new: Fingerprint
    let isRevocation: Bool
  }

  /// The oldest first.
  private(set) var events: [Event] = []

  /// Without events.
  init() {}

  /// The events in a mirror; none if the file cannot be read.
  init(in root: borrowing AnchoredDirectory) {
    let path = MirrorPath(bytes: Self.name.bytes)
    self.init((try? root.contents(of: path, limit: 1 << 20)) ?? [])
  }

  /// Parses the lines of events.
  init(_ text: [UInt8]) {
    for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
      let words = line.split(separator: " ").map { $0.filter { $0 != ":" && $0 != "." && $0 != "," } }
      guard words.count >= 4, let date = CalendarDate(words[0].utf8), let first = Fingerprint(words[1]) else {
        continue
      }
      if words[2] == "replaces", let old = Fingerprint(words[3]) {
        events.append(Event(date: date, old: old, new: first, isRevocation: false))
      } else if words[3] == "revoked", let last = words.last, let new = Fingerprint(last) {
        events.append(Event(date: date, old: first, new: new, isRevocation: true))
      }
    }
  }

  /// Adds an event, unless the same happened to the key before.
  mutating func add(_ event: Event) {
    let isKnown = events.contains {
      ($0.old, $0.new, $0.isRevocation) == (event.old, event.new, event.isRevocation)
    }
    if !isKnown { events.append(event) }
  }

  /// The file.
  var text: [UInt8] {
    let lines = events.map { event in
      event.isRevocation
        ? "\(event.date): \(event.old) was revoked. Do not trust its signatures. Its successor is \(event.new)."
        : "\(event.date): \(event.new) replaces \(event.old)."
    }
    let head = """
      The keys that sign this mirror are in \(PublicKeyFile.name). Before you trust a new key, compare its
      fingerprint with one from another source.

      """
    return Array((head + "\n" + lines.map { "\($0)\n" }.joined()).utf8)
  }

  /// The settings without previous keys that were replaced too long ago to be published. Revoked keys are
  /// always published.
  func published(_ settings: SigningSettings, now: Int64) -> SigningSettings {
    var settings = settings
    settings.previous.removeAll { key in
      let own = events.filter { $0.old == key }
      guard let replaced = own.last(where: { !$0.isRevocation }), !own.contains(where: \.isRevocation) else {
        return false
      }
      let today = CalendarDate(localDayOf: now).ordinal
      return (today - replaced.date.ordinal) * 86_400 > settings.keepsPrevious
    }
    return settings
  }
}

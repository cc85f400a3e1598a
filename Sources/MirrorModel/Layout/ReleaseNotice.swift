package import LinuxSystem

/// The file `WITHDRAWN` or `CANDIDATE` of a version, or the notice beside a withdrawn file: why it is not
/// offered, and what to do to offer it again.
///
/// The file itself, whatever it contains, is the reason that nothing is offered: a text that cannot be parsed
/// has only no reason.
package struct ReleaseNotice: Hashable, Sendable {
  /// A link that leads to the version when it is offered.
  package struct Pointer: Hashable, Sendable {
    /// The link, relative to the root of the mirror.
    package let link: MirrorPath
    /// What it leads to, relative to the root of the mirror.
    package let target: MirrorPath

    package init(_ link: MirrorPath, to target: MirrorPath) {
      (self.link, self.target) = (link, target)
    }
  }

  /// The first line.
  package enum Headline: String, Sendable {
    case withdrawn = "This release was withdrawn. Do not use it."
    case candidate = "This is a candidate for a release. It is not offered yet."
  }

  /// No larger file is read.
  package static let limit = 64 << 10

  package var reason: String?
  /// The day when it was written (UTC).
  package var date: String?
  /// What to use instead, relative to the root of the mirror.
  package var replacement: MirrorPath?
  package var pointers: [Pointer] = []
  /// Names below `.control/version` that record the version when it is offered.
  package var records: [String] = []

  package init(reason: String? = nil, date: String? = nil, replacement: MirrorPath? = nil) {
    (self.reason, self.date, self.replacement) = (reason, date, replacement)
  }

  /// The notice in a file; an empty one if there is none, or it cannot be read.
  package static func read(_ path: MirrorPath, in anchor: borrowing AnchoredDirectory) -> ReleaseNotice {
    ReleaseNotice((try? anchor.contents(of: path, limit: limit)) ?? [])
  }

  /// Parses a file; unknown lines are ignored.
  package init(_ bytes: [UInt8]) {
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
      let value = Array(line[(colon + 1)...].drop { $0 == 0x20 })
      let text = String(decoding: value, as: UTF8.self)
      switch String(decoding: line[..<colon], as: UTF8.self) {
      case "Reason": reason = text
      case "Date": date = text
      case "Use-Instead": replacement = Self.path(value)
      case "Link": if let pointer = Self.pointer(value) { pointers.append(pointer) }
      case "Record": records.append(text)
      default: continue
      }
    }
  }

  /// The contents of a file.
  package func text(_ headline: Headline) -> [UInt8] {
    var bytes = Array("\(headline.rawValue)\n\n".utf8)
    func add(_ key: String, _ value: [UInt8]) {
      let line = value.map { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") ? 0x20 : $0 }
      bytes += Array("\(key): ".utf8) + line + [UInt8(ascii: "\n")]
    }
    if let reason { add("Reason", Array(reason.utf8)) }
    if let date { add("Date", Array(date.utf8)) }
    if let replacement { add("Use-Instead", replacement.bytes) }
    for pointer in pointers where Self.isLine(pointer.link) && Self.isLine(pointer.target) {
      add("Link", pointer.link.bytes + Self.arrow + pointer.target.bytes)
    }
    for record in records { add("Record", Array(record.utf8)) }
    return bytes
  }

  private static let arrow = Array(" -> ".utf8)

  private static func isLine(_ path: MirrorPath) -> Bool { !path.bytes.contains { $0 < 0x20 } }

  /// A path inside the mirror; nil for other text, since the file may come from another host.
  private static func path(_ bytes: [UInt8]) -> MirrorPath? {
    let path = MirrorPath(bytes: bytes)
    let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    // This also excludes `.` and `..`.
    return parts.allSatisfy { !$0.isEmpty && $0.first != UInt8(ascii: ".") } ? path : nil
  }

  private static func pointer(_ bytes: [UInt8]) -> Pointer? {
    guard let at = bytes.indices.first(where: { bytes[$0...].starts(with: arrow) }),
      let link = path(Array(bytes[..<at])), let target = path(Array(bytes[(at + arrow.count)...]))
    else { return nil }
    return Pointer(link, to: target)
  }
}

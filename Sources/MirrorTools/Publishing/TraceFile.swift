import Glibc

/// What a mirror tells of the last time that it was brought up to date, a `Key: value` a line.
struct TraceFile {
  /// Seconds since the epoch.
  let date: Int64
  let server: String
  /// Of `index.xml`; nil where it is not sent.
  let indexDigest: [UInt8]?
  /// Bytes of what was sent.
  let bytes: Int64

  /// Where a server leaves its trace, as Debian's mirrors have it.
  static func path(of server: String) -> MirrorPath { MirrorPath("project/trace/\(server)") }

  var text: [UInt8] {
    var lines = ["Date: \(UTCTime.text(date))", "Host: \(server)", "Software: mirrorctl \(ToolVersion.text)"]
    if let indexDigest { lines.append("Index-SHA256: \(hex(indexDigest))") }
    lines.append("Uploaded-Bytes: \(bytes)")
    return Array(lines.map { $0 + "\n" }.joined().utf8)
  }
}

/// Moments as ISO 8601 writes them.
enum UTCTime {
  /// `2026-11-26T03:48:14Z`.
  static func text(_ seconds: Int64) -> String {
    var clock = time_t(seconds)
    var parts = tm()
    gmtime_r(&clock, &parts)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let date = CalendarDate(
      year: Int(parts.tm_year) + 1900, month: Int(parts.tm_mon) + 1, day: Int(parts.tm_mday))
    return "\(date ?? .undated)T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
  }
}

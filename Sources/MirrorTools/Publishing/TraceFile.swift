import LinuxSystem

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
    var lines = [
      "Date: \(UTCText.internet(date))", "Host: \(server)", "Software: mirrorctl \(ToolVersion.text)",
    ]
    if let indexDigest { lines.append("Index-SHA256: \(hex(indexDigest))") }
    lines.append("Uploaded-Bytes: \(bytes)")
    return Array(lines.map { $0 + "\n" }.joined().utf8)
  }
}

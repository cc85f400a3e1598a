import LinuxSystem

/// Time and size of the last update of a mirror, one `Key: value` per line.
struct TraceFile {
  /// Seconds since the epoch.
  let date: Int64
  let server: String
  /// SHA-256 of `index.xml`; nil if it is not sent.
  let indexDigest: [UInt8]?
  /// Bytes sent.
  let bytes: Int64

  /// Path of the trace of a server, as on Debian mirrors.
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

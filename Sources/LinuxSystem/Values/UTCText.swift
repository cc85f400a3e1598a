import Glibc

/// Times in standard formats, in UTC.
package enum UTCText {
  /// `2026-11-20T10:00:00Z` (RFC 3339).
  package static func internet(_ seconds: Int64) -> String { text(seconds, "%Y-%m-%dT%H:%M:%SZ") }

  /// `Fri, 20 Nov 2026 10:00:00 +0000` (RFC 5322).
  package static func mail(_ seconds: Int64) -> String { text(seconds, "%a, %d %b %Y %H:%M:%S +0000") }

  /// `20261120100000`.
  package static func digits(_ seconds: Int64) -> String { text(seconds, "%Y%m%d%H%M%S") }

  private static func text(_ seconds: Int64, _ format: String) -> String {
    var clock = time_t(seconds)
    var parts = tm()
    gmtime_r(&clock, &parts)
    var buffer = [CChar](repeating: 0, count: 64)
    // Only LC_CTYPE is ever set, so names of days and months are English.
    let count = strftime(&buffer, buffer.count, format, &parts)
    return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension FileIdentity {
  /// The time of the last change of the content, in seconds since the epoch.
  package var modified: Int64 { mtime / 1_000_000_000 }
}

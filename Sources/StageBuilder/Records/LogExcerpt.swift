/// The parts of a log that a report needs: the first error, and the packages that failed.
///
/// Its size is limited, whatever the log contains.
struct LogExcerpt {
  /// Maximum size of the first error in bytes.
  static let size = 16 << 10
  /// Maximum number of packages.
  private static let mostPackages = 1000

  private var lines = LogLines()
  private var error: [String] = []
  private var last: [String] = []
  private(set) var failed: [FailedPackage] = []
  private var seen = Set<FailedPackage>()

  /// Of a complete log.
  init(_ log: borrowing BuildLog) {
    log.read { add($0) }
    for line in lines.end() { take(line) }
  }

  /// Of a text.
  init(_ text: String) {
    Array(text.utf8).withUnsafeBytes { add($0) }
    for line in lines.end() { take(line) }
  }

  private mutating func add(_ bytes: UnsafeRawBufferPointer) {
    for line in lines.add(bytes) { take(line) }
  }

  private mutating func take(_ line: String) {
    if error.isEmpty ? line.hasPrefix(" * ERROR: ") : error.count < 4 { error.append(line) }
    if line.hasPrefix(BuildLog.mark) {
      // Anything earlier belongs to steps that succeeded.
      last = []
    } else {
      last = last.suffix(9) + [line]
    }
    if failed.count < Self.mostPackages, let package = FailedPackage(line), seen.insert(package).inserted {
      failed.append(package)
    }
  }

  /// The lines that name the first failed package, or else the last lines of the step that failed.
  var firstError: [String] {
    error.isEmpty ? Self.bounded(last.reversed()).reversed() : Self.bounded(error)
  }

  private static func bounded(_ lines: [String]) -> [String] {
    var size = 0
    return Array(
      lines.prefix { line in
        size += line.utf8.count + 1
        return size <= Self.size
      })
  }
}

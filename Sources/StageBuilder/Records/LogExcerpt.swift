/// The parts of a log that a report needs: the first error, and the packages that failed.
///
/// Its size is limited, whatever the log contains.
struct LogExcerpt {
  /// Maximum size of the first error in bytes.
  static let size = 16 << 10
  /// Maximum number of packages.
  private static let mostPackages = 1000

  private var lines = LogLines()
  /// From shortly before the first line that names a package on.
  private var error: [String] = []
  /// The number of lines that it still takes.
  private var rest = 0
  /// The lines before the first package that failed without such a line.
  private var cause: [String] = []
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
    if line.hasPrefix(" * ERROR: "), error.isEmpty {
      // They often say why.
      error = last.suffix(2)
      rest = 4
    }
    if rest > 0 {
      error.append(line)
      rest -= 1
    }
    if Self.isStep(line) {
      // Anything earlier belongs to steps that succeeded.
      last = []
    } else {
      last = last.suffix(9) + [line]
    }
    if let package = FailedPackage(line) {
      add(package)
    } else if let package = FailedPackage(summary: line),
      !failed.contains(where: { $0.ebuild == package.ebuild })
    {
      add(package)
      // Messages of other packages follow.
      if cause.isEmpty { cause = last }
    }
  }

  /// Whether a line is the note about the start of a step, `>>> stage1: steps/chroot/run`; Portage's own begin alike.
  private static func isStep(_ line: String) -> Bool {
    guard line.hasPrefix(BuildLog.mark) else { return false }
    let words = line.dropFirst(BuildLog.mark.count).split(separator: " ")
    return words.count == 2 && words[0].hasSuffix(":")
  }

  private mutating func add(_ package: FailedPackage) {
    if failed.count < Self.mostPackages, seen.insert(package).inserted { failed.append(package) }
  }

  /// The lines that name the first failed package, or else those before it failed, or the last lines of the step
  /// that failed.
  var firstError: [String] {
    if !error.isEmpty { return Self.bounded(error) }
    return Self.bounded((cause.isEmpty ? last : cause).reversed()).reversed()
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

/// A package that Portage failed to build, according to the log.
struct FailedPackage: Hashable, Sendable {
  /// `app-misc/hello-1.0`.
  let ebuild: String
  /// `compile`.
  let phase: String

  /// All failed packages in a log, each once, in order of appearance.
  ///
  /// Lines ` * ERROR: app-misc/hello-1.0::gentoo failed (compile phase):`; older ones have no `::gentoo`.
  static func all(in log: some StringProtocol) -> [FailedPackage] {
    var seen = Set<FailedPackage>()
    return log.split(whereSeparator: \.isNewline).compactMap { FailedPackage($0) }.filter {
      seen.insert($0).inserted
    }
  }

  private init?(_ line: some StringProtocol) {
    let words = line.withoutColours.split(separator: " ")
    guard words.count >= 6, words[0] == "*", words[1] == "ERROR:", words[3] == "failed",
      words[4].hasPrefix("("), words[5].hasPrefix("phase)")
    else { return nil }
    let name = words[2].prefix { $0 != ":" }
    guard name.split(separator: "/", omittingEmptySubsequences: false).count == 2 else { return nil }
    ebuild = String(name)
    phase = String(words[4].dropFirst())
  }

  /// `errors.json` in Metro's layout.
  static func json(_ failed: [FailedPackage]) -> String {
    let entries = failed.map { entry in
      """
          {
              "ebuild": \(quoted(entry.ebuild)),
              "phase": \(quoted(entry.phase))
          }
      """
    }
    return "[\n" + entries.joined(separator: ",\n") + "\n]"
  }

  private static func quoted(_ text: String) -> String {
    "\""
      + text.unicodeScalars.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : $0.value < 0x20 ? "?" : "\($0)" }
      .joined()
      + "\""
  }
}

extension StringProtocol {
  /// The text without terminal colours (ECMA-48 SGR).
  var withoutColours: String {
    var result = ""
    var rest = self[...]
    while let escape = rest.firstRange(of: "\u{1b}[") {
      result += rest[..<escape.lowerBound]
      rest = rest[escape.upperBound...].drop { $0 != "m" }.dropFirst()
    }
    return result + rest
  }
}

/// The first error in a log.
enum FirstError {
  /// The line that names a failed package, or else the last lines of the step that failed.
  static func lines(in log: some StringProtocol) -> [String] {
    let lines = log.split(whereSeparator: \.isNewline).map(\.withoutColours)
    if let first = lines.firstIndex(where: { $0.hasPrefix(" * ERROR: ") }) {
      return Array(lines[first...].prefix(4))
    }
    // Anything earlier belongs to steps that succeeded.
    let begin = lines.lastIndex { $0.hasPrefix(BuildLog.mark) }.map { $0 + 1 } ?? 0
    return Array(lines[begin...].suffix(10))
  }
}

/// A package that Portage failed to build, according to the log.
struct FailedPackage: Hashable, Sendable {
  /// `app-misc/hello-1.0`.
  let ebuild: String
  /// `compile`.
  let phase: String

  /// From a line `>>> Failed to emerge app-misc/hello-1.0, Log file:`, which is also printed if no phase began because
  /// its files could not be fetched.
  init?(summary line: String) {
    let start = ">>> Failed to emerge "
    guard line.hasPrefix(start) else { return nil }
    let name = line.dropFirst(start.count).prefix { $0 != "," && $0 != " " }
    self.init(name: name, phase: "unknown")
  }

  /// From a line ` * ERROR: app-misc/hello-1.0::gentoo failed (compile phase):` without colours; older ones have
  /// no `::gentoo`.
  init?(_ line: String) {
    let words = line.split(separator: " ")
    guard words.count >= 6, words[0] == "*", words[1] == "ERROR:", words[3] == "failed",
      words[4].hasPrefix("("), words[5].hasPrefix("phase)")
    else { return nil }
    self.init(name: words[2].prefix { $0 != ":" }, phase: words[4].dropFirst())
  }

  /// nil if the name is not `CATEGORY/PACKAGE`.
  private init?(name: Substring, phase: Substring) {
    guard name.split(separator: "/", omittingEmptySubsequences: false).count == 2 else { return nil }
    (ebuild, self.phase) = (String(name), String(phase))
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

import CBuild
import Hashing
import LinuxSystem
import MirrorTools
import StageTrees

/// What `--version` prints.
enum VersionText {
  /// The commit of the sources; nil if the build was not given one, as by a plain `swift build`.
  static let commit: String? = {
    let commit = String(cString: cbuild_commit())
    return commit.isEmpty ? nil : commit
  }()

  /// One line: `0.2.0 (1a2b3c4d5e6f)`, or `0.2.0` without a commit.
  static let short = ToolVersion.text + (commit.map { " (\($0))" } ?? "")

  /// The version of the Swift runtime, without the patch, which it does not know.
  private static let swift = "\(_SwiftStdlibVersion.current)".split(separator: ".").prefix(2).joined(
    separator: ".")

  /// Version, commit, and the Swift runtime and libraries that this process uses, one per line.
  static func full() -> String {
    let libraries =
      LibraryVersion.system + LibraryVersion.hashing + LibraryVersion.codecs + LibraryVersion.indexes
      + LibraryVersion.catalog
    let lines =
      [("mirrorctl", ToolVersion.text), ("commit", commit ?? "unknown"), ("swift", swift)]
      + libraries.map { ($0.name, $0.version) }.sorted { $0.0 < $1.0 }
    return lines.map { "\($0.0) \($0.1)" }.joined(separator: "\n")
  }

  /// Whether a command line is `--version` with `-v`, in any order.
  static func isFullAsked(_ arguments: [String]) -> Bool {
    let verbose: Set = ["-v", "-vv", "--verbose"]
    return arguments.contains("--version") && arguments.contains(where: verbose.contains)
      && arguments.allSatisfy { $0 == "--version" || verbose.contains($0) }
  }
}

import FlexData
import LinuxSystem
import MirrorModel

/// `[section artifacts]`: the formats of release files.
enum ArtifactSection {
  /// Suffixes of files that have another meaning in a mirror.
  private static let taken =
    [".xml", ".json", ".html", ".txt", ".cme", ".run", ".tmp", ".log"] + SidecarKind.allCases.map(\.rawValue)

  static func section(_ elements: Elements) -> SettingsSection {
    SettingsSection("artifacts", of: elements, known: ["kinds"])
  }

  /// The known formats, and those of `kinds`.
  static func kinds(_ elements: Elements) throws -> ArtifactKinds {
    let section = section(elements)
    let words = try section.words("kinds") ?? []
    for word in words {
      let isSuffix =
        word.count > 1 && word.count <= 32 && word.hasPrefix(".") && !word.hasSuffix(".")
        && word.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "/") }
      guard isSuffix else {
        throw section.invalid("kinds", "`\(word)` is not a suffix of file names", "use e.g. .box")
      }
      // A shorter one such as `.gz` would claim lists of contents, too.
      guard !taken.contains(where: { $0.hasSuffix(word) || word.hasSuffix($0) }) else {
        throw section.invalid(
          "kinds", "`\(word)` is the suffix of files with another meaning", "use another suffix")
      }
    }
    return ArtifactKinds(words)
  }
}

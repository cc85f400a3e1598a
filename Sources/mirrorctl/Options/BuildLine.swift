import ArgumentParser
import MirrorModel

/// The arguments of a build: its names, then `NAME: VALUE` pairs.
struct BuildLine {
  let names: [String]
  let definitions: [(name: String, value: String)]

  init(_ words: [String]) throws {
    let names = words.prefix { !$0.hasSuffix(":") }
    let pairs = words[names.endIndex...]
    guard pairs.count.isMultiple(of: 2),
      stride(from: pairs.startIndex, to: pairs.endIndex, by: 2).allSatisfy({ pairs[$0].hasSuffix(":") })
    else {
      throw ValidationError("Define elements as NAME: VALUE, two words each, the first ending in a colon.")
    }
    self.names = Array(names)
    definitions = stride(from: pairs.startIndex, to: pairs.endIndex, by: 2).map {
      (name: String(pairs[$0].dropLast()), value: pairs[$0 + 1])
    }
  }

  /// Parses `[MODE] [VERSION]`, both optional.
  func modeAndVersion(_ words: ArraySlice<String>) throws -> (mode: String, version: VersionDate?) {
    let mode = words.first.flatMap { Self.resemblesVersion($0) ? nil : $0 }
    return (mode ?? "full", try version(words.dropFirst(mode == nil ? 0 : 1)))
  }

  /// Parses `[VERSION]`.
  func version(_ words: ArraySlice<String>) throws -> VersionDate? {
    guard let word = words.first else { return nil }
    guard words.count == 1, let date = VersionDate(word.utf8) else {
      throw ValidationError(
        "`\(words.joined(separator: " "))` is not a date: use \(VersionDate.forms).")
    }
    return date
  }

  /// Whether a word begins with a year, as versions do and modes do not.
  private static func resemblesVersion(_ word: String) -> Bool {
    word.utf8.count >= 8 && word.utf8.prefix(4).allSatisfy { (0x30...0x39).contains($0) }
  }
}

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

  /// Parses `[MODE] [DATE]`, both optional.
  func modeAndVersion(
    _ words: ArraySlice<String>, today: CalendarDate
  ) throws -> (mode: String, version: CalendarDate) {
    let mode = words.first.flatMap { CalendarDate($0.utf8) == nil ? $0 : nil }
    let rest = words.dropFirst(mode == nil ? 0 : 1)
    return (mode ?? "full", try version(rest, today: today))
  }

  /// Parses `[DATE]`.
  func version(_ words: ArraySlice<String>, today: CalendarDate) throws -> CalendarDate {
    guard let word = words.first else { return today }
    guard words.count == 1, let date = CalendarDate(word.utf8) else {
      throw ValidationError("`\(words.joined(separator: " "))` is not a date: use YYYY-MM-DD.")
    }
    return date
  }
}

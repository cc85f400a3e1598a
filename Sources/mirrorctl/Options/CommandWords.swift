import ArgumentParser
import FlexData
import LinuxSystem
import MirrorTools

/// The words of a command line in the order that the parser expects: the verb, its options, its arguments.
///
/// Common options may also come before the verb, as in `mirrorctl --mirror DIR status`.
struct CommandWords {
  /// The words for the parser.
  let words: [String]
  /// The verb that they name; a group of verbs, or the program itself, if they name none.
  let command: any ParsableCommand.Type
  /// How users call it: `mirrorctl farm submit`.
  let name: String

  /// - Throws: if a word that should be a verb is not one.
  init(_ arguments: [String]) throws(UnknownVerb) {
    var rest = arguments[...]
    var (path, moved): ([String], [String]) = ([], [])
    var command: any ParsableCommand.Type = Mirrorctl.self
    while command.hasVerbs {
      while let option = CommonOption.take(from: &rest) { moved += option }
      guard let word = rest.first, !word.hasPrefix("-") else { break }
      rest.removeFirst()
      if word == Self.help {
        // `help help`.
        if rest.first == Self.help { rest.removeFirst() }
        words = [Self.help] + path + rest
        name = Self.name(path)
        self.command = try Self.command(named: rest.prefix { !$0.hasPrefix("-") }, below: command, path)
        return
      }
      command = try Self.command(named: [word], below: command, path)
      path.append(word)
    }
    self.command = command
    name = Self.name(path)
    // An empty variable before the verb makes the verb a value: `--mirror $DIR status`.
    if command.hasVerbs, let option = rest.first, CommonOption.valued.contains(option) {
      throw UnknownVerb(option, "has no value")
    }
    if command.hasVerbs, let option = rest.first,
      let near = Spelling.nearest(to: option, in: ["--version", "--help"])
    {
      throw UnknownVerb(option, "is not an option", remedy: "did you mean \(near)?")
    }
    if command.hasVerbs, rest.isEmpty, let option = moved.last {
      throw UnknownVerb(option, "is followed by no verb")
    }
    // Without a verb, nothing takes the options.
    words = path + (command.hasVerbs ? [] : moved) + rest
  }

  /// The verb that shows the help of others.
  static let help = "help"

  /// How users call the verb that these names lead to.
  static func name(_ path: [String]) -> String { (["mirrorctl"] + path).joined(separator: " ") }

  /// Follows names of verbs below a command.
  ///
  /// - Parameter path: the names that lead to the command.
  private static func command(
    named names: ArraySlice<String>, below start: any ParsableCommand.Type, _ path: [String]
  ) throws(UnknownVerb) -> any ParsableCommand.Type {
    var (command, path) = (start, path)
    for name in names where command.hasVerbs {
      guard let next = command.verb(named: name) else { throw UnknownVerb(name, of: command, path) }
      command = next
      path.append(name)
    }
    return command
  }
}

extension ParsableCommand {
  /// Whether it is a group of verbs.
  static var hasVerbs: Bool { !configuration.subcommands.isEmpty }

  /// The names by which users may call it: its own, and Metro's.
  static var names: [String] { [configuration.commandName ?? ""] + configuration.aliases }

  /// The verb of this group with a name; nil if there is none.
  static func verb(named name: String) -> (any ParsableCommand.Type)? {
    configuration.subcommands.first { $0.names.contains(name) }
  }
}

/// A word that should be a verb.
struct UnknownVerb: Error {
  /// The word, and what to do about it.
  let error: MirrorError

  /// A command line without a verb.
  init(_ word: String, _ problem: String, remedy: Remedy = "give one: see `mirrorctl --help`") {
    error = MirrorError(.invalid, escaped(Array(word.utf8)), problem, remedy: remedy)
  }

  /// - Parameter path: the names that lead to the group.
  init(_ word: String, of group: any ParsableCommand.Type, _ path: [String]) {
    let known = group.configuration.subcommands.filter { $0.configuration.shouldDisplay }.flatMap { $0.names }
    let longer = known.filter { $0.hasPrefix(word) }
    let near = Spelling.nearest(to: word, in: known) ?? (longer.count == 1 ? longer.first : nil)
    let start = CommandWords.name(path)
    error = MirrorError(
      .invalid, escaped(Array(word.utf8)), path.isEmpty ? "is not a verb" : "is not a verb of `\(start)`",
      remedy: near.map { "did you mean `\(start) \($0)`?" } ?? "see `\(start) --help`")
  }
}

/// The options that may come before the verb: those of ``GlobalOptions``.
enum CommonOption {
  /// Those with a value.
  static let valued = ["--mirror", "--config", "-c"]
  /// Those without.
  static let flags = ["--no-host-code", "--json", "--quiet", "--verbose"]
  /// Flags of one letter, which may be joined: `-qv`.
  static let letters = "qv"

  /// Removes the option at the start of `words`, and returns it with its value; nil if there is none.
  static func take(from words: inout ArraySlice<String>) -> [String]? {
    guard let word = words.first else { return nil }
    // `--config=FILE` or `-cFILE`.
    let isJoined = valued.contains {
      word.hasPrefix($0.hasPrefix("--") ? "\($0)=" : $0) && word.count > $0.count
    }
    let isFlag =
      flags.contains(word)
      || word.count > 1 && word.first == "-" && word.dropFirst().allSatisfy(letters.contains)
    let count = isJoined || isFlag ? 1 : valued.contains(word) ? 2 : 0
    guard count > 0, words.count >= count else { return nil }
    defer { words.removeFirst(count) }
    return Array(words.prefix(count))
  }
}

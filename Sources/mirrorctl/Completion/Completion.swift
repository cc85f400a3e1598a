import ArgumentParser

/// What can follow on a command line, for completion in shells.
struct Completion {
  /// The first argument that asks for it; the words of the command line follow, the last of which is to be completed.
  static let request = "---complete"

  /// A line for the shell: a word, or what the shell finds itself.
  enum Candidate: Hashable {
    case word(String, about: String = "")
    case files, directories

    var line: String {
      switch self {
      case .word(let word, let about): about.isEmpty ? word : "\(word)\t\(about)"
      case .files: ":files"
      case .directories: ":directories"
      }
    }
  }

  private let context: CommandContext
  private var command: any ParsableCommand.Type = Mirrorctl.self
  /// Those of the verb; before it, the common options.
  private var arguments = CommandArguments.of(GlobalOptions.self)
  private var positionals: [String] = []
  /// The options of the line that have a value.
  private var options: [(words: [String], value: String)] = []
  /// The option whose value comes next.
  private var open: CommandArguments.Argument?
  private var isHelp = false
  /// Whether a word that should be a verb is not one, so that nothing can follow.
  private var isUnknown = false
  /// Whether `--` ended the options.
  private var isPastOptions = false

  private init(_ context: CommandContext) { self.context = context }

  /// What the last of these words can be.
  static func candidates(_ words: [String], _ context: CommandContext) -> [Candidate] {
    var completion = Completion(context)
    for word in words.dropLast() { completion.add(word) }
    // bash splits `--option=value` at the equals sign.
    let current = words.last.flatMap { $0 == "=" ? nil : $0 } ?? ""
    return completion.candidates(for: current).filter { candidate in
      guard case .word(let word, _) = candidate else { return true }
      return word.hasPrefix(current)
    }
  }

  private mutating func add(_ word: String) {
    if let option = open {
      guard word != "=" else { return }
      options.append((option.words, word))
      open = nil
    } else if !isPastOptions, word.hasPrefix("-") {
      add(option: word)
    } else if !command.hasVerbs {
      positionals.append(word)
    } else if word == CommandWords.help {
      isHelp = true
    } else if let verb = command.verb(named: word) {
      command = verb
      if !verb.hasVerbs { arguments = CommandArguments.of(verb) }
    } else {
      isUnknown = true
    }
  }

  private mutating func add(option word: String) {
    let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
    isPastOptions = word == "--"
    guard let option = argument(named: parts.first ?? ""), option.kind == .option else { return }
    if parts.count == 2 { options.append((option.words, parts[1])) } else { open = option }
  }

  private func argument(named word: String) -> CommandArguments.Argument? {
    arguments.first { $0.words.contains(word) }
  }

  private func candidates(for current: String) -> [Candidate] {
    if isUnknown { return [] }
    if let open { return values(of: open, current) }
    if !isPastOptions, current.hasPrefix("-"), !isHelp {
      guard let equals = current.firstIndex(of: "=") else { return optionNames }
      guard let option = argument(named: String(current[..<equals])) else { return [] }
      return values(of: option, String(current[equals...].dropFirst())).map { candidate in
        guard case .word(let value, let about) = candidate else { return candidate }
        return .word(current[...equals] + value, about: about)
      }
    }
    if command.hasVerbs { return verbs }
    guard !isHelp else { return [] }
    let positional = arguments.filter { $0.kind == .positional }
    guard let last = positional.last else { return [] }
    if positionals.count < positional.count { return values(of: positional[positionals.count], current) }
    return last.isRepeating ? values(of: last, current) : []
  }

  private var verbs: [Candidate] {
    let shown = command.configuration.subcommands.filter { $0.configuration.shouldDisplay }
    let verbs = shown.flatMap { verb in
      verb.names.map { Candidate.word($0, about: verb.configuration.abstract) }
    }
    return verbs + (isHelp ? [] : [.word(CommandWords.help, about: "Show the help of a verb.")])
  }

  private var optionNames: [Candidate] {
    arguments.flatMap { argument in argument.words.map { .word($0, about: argument.abstract ?? "") } }
  }

  private func values(of argument: CommandArguments.Argument, _ text: String) -> [Candidate] {
    switch argument.completionKind {
    case .list(let values): argument.isList ? list(values, text) : values.map { .word($0) }
    case .file: [.files]
    case .directory: [.directories]
    case .shellCommand(let name):
      CompletedName(rawValue: name).map { finder.candidates($0, text, after: positionals) } ?? []
    case nil: []
    }
  }

  /// Values after the last comma that are not given yet.
  private func list(_ values: [String], _ text: String) -> [Candidate] {
    let start = text.lastIndex(of: ",").map { text[...$0] } ?? ""
    let given = Set(start.split(separator: ",").map(String.init))
    return values.filter { !given.contains($0) }.map { .word(start + $0) }
  }

  private var finder: NameFinder {
    func value(_ name: String) -> [String] {
      options.last { $0.words.contains(name) }.map { [name, $0.value] } ?? []
    }
    // Completion runs no code of the configuration.
    let words = value("--mirror") + value("--config") + ["--no-host-code"]
    return NameFinder(context, try? GlobalOptions.parse(words))
  }
}

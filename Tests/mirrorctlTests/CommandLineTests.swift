import ArgumentParser
import TestSupport
import Testing

@testable import mirrorctl

/// All verbs, those of groups included, as the words that call them.
private let verbs: [(words: [String], command: any ParsableCommand.Type)] =
  Mirrorctl.configuration.subcommands.flatMap { command in
    [([command._commandName], command)]
      + command.configuration.subcommands.map { ([command._commandName, $0._commandName], $0) }
  }

@Suite("A command line") struct CommandLineTests {
  @Test("with a misspelled verb is a usage error that names the right one")
  func misspelled() throws {
    let mirror = try GoldenMirror()
    for (line, meant) in [
      ("statu", "status"), ("stat", "status"), ("fials", "fails"), ("--json --mirror /x statsu", "status"),
      ("help statu", "status"), ("farm statsu", "farm status"), ("help farm statsu", "farm status"),
      ("farm --json statsu", "farm status"), ("farm help statsu", "farm status"),
      ("keys rotat", "keys rotate"), ("config chekc", "config check"), ("statu --help", "status"),
    ] {
      let run = mirror.run(line.split(separator: " ").map(String.init), environment: [:])
      #expect(run.status == 64)
      #expect(run.text.contains("did you mean `mirrorctl \(meant)`?"), "\(run.text)")
      #expect(run.output.isEmpty == !line.contains("--json"))
    }
  }

  @Test("with a word that resembles no verb refers to the help")
  func unknown() throws {
    let mirror = try GoldenMirror()
    for word in ["frobnicate", "s", "step2", "\u{1b}[2J"] {
      let run = mirror.run([word], environment: [:])
      #expect(run.status == 64)
      #expect(run.text.contains(": is not a verb: see `mirrorctl --help`"), "\(run.text)")
      #expect(!run.errors.contains(0x1b))
    }
  }

  @Test("with a misspelled option names the right one")
  func option() throws {
    let run = try GoldenMirror().run(["clean", "--aply"], environment: [:])
    #expect(run.status == 64)
    #expect(run.text.contains("Did you mean '--apply'?"), "\(run.text)")
    let version = try GoldenMirror().run(["--versoin"], environment: [:])
    #expect(version.status == 64)
    #expect(version.text.contains("--versoin: is not an option: did you mean --version?"), "\(version.text)")
  }

  @Test("that asks for the help of help shows the help of all verbs")
  func help() throws {
    let mirror = try GoldenMirror()
    let texts = [["help"], ["help", "help"], ["--help"]].map { mirror.run($0, environment: [:]).output }
    #expect(Set(texts).count == 1 && !texts[0].isEmpty)
  }

  @Test("with an error that the verb finds refers to the help of that verb")
  func verb() throws {
    let mirror = try GoldenMirror()
    for line in ["status", "farm status", "journal"] {
      let run = mirror.run(line.split(separator: " ").map(String.init), environment: [:])
      #expect(run.status == 64)
      #expect(run.text.hasSuffix("\n  See 'mirrorctl \(line) --help' for more information.\n"), "\(run.text)")
    }
  }

  @Test("with a quantity that cannot be read says what is valid")
  func quantities() throws {
    let mirror = try GoldenMirror()
    for (line, option, valid) in [
      ("digestgen --max-rate 0", "--max-rate", "a number of bytes above 0, such as 1000"),
      ("clean --keep-within -1", "--keep-within", "a number of days, weeks or years, such as 30d"),
      ("upkeep --max-remove x", "--max-remove", "a number such as 20, or a percentage such as 10%"),
      (
        "verify --subset 8/7", "--subset",
        "a percentage such as 5%, a size such as 50G, or a part such as 2/7"
      ),
      ("publish --check no", "--check", "a percentage such as 5%"),
      ("journal --since yesterday", "--since", "a date such as 2026-11-22"),
      ("farm run --interval 0", "--interval", "a time such as 90s"),
      ("capture a b --compression lzma", "--compression", "one of gz, bz2, xz, zst, none"),
      ("export a b --set x", "--set", "SETTING=VALUE"),
    ] {
      expectInvalid(line, option, ">': use \(valid)", mirror)
    }
  }

  /// Checks that a line is refused for the value of an option, with this text.
  private func expectInvalid(_ line: String, _ option: String, _ said: String, _ mirror: GoldenMirror) {
    let run = mirror.run(
      line.split(separator: " ").map(String.init), environment: ["MIRRORCTL_MIRROR": "\(mirror.root)"])
    #expect(run.status == 64)
    #expect(run.text.contains("is invalid for '\(option) <"), "\(run.text)")
    #expect(run.text.contains(said), "\(run.text)")
  }

  @Test("that a variable without a value cuts short is a usage error, and does nothing")
  func cut() throws {
    let mirror = try GoldenMirror()
    let environment = ["MIRRORCTL_MIRROR": "\(mirror.root)"]
    for (words, problem) in [
      (["--mirror", "upkeep"], "upkeep: is followed by no verb"), (["-q"], "-q: is followed by no verb"),
      (["--mirror"], "--mirror: has no value"), (["farm", "-c"], "-c: has no value"),
      (["zap", ""], "Argument 2 is empty"), (["clean", "--apply", "--mirror", ""], "Argument 4 is empty"),
      (["config", "get", "-c", "", "path/mirror"], "Argument 4 is empty"),
      (["verify", "a\u{fffd}"], "Argument 2 is not UTF-8"),
      (["status", "--json", "--format", "text"], "--json contradicts --format text"),
    ] {
      let run = mirror.run(words, environment: environment)
      #expect(run.status == 64 && run.text.contains(problem), "\(words): \(run.text)")
    }
    // Only the value of an element may be empty.
    #expect(mirror.run(["config", "get", "x", "x:", ""], environment: environment).status == 0)
  }

  @Test("may have all common options before the verb")
  func common() throws {
    let mirror = try GoldenMirror()
    try mirror.workspace.shell("echo '[section rotation]' > conf; echo 'stale-days: 9999' >> conf")
    let (root, conf) = ("\(mirror.root)", "\(mirror.workspace.path)/conf")
    let after = mirror.run(["nextbuild", "--mirror", root, "--config", conf, "-q"], environment: [:])
    #expect(after.status == 0 && !after.output.isEmpty)
    for before in [
      ["--mirror", root, "--config", conf, "-q"], ["--mirror=\(root)", "-c", conf, "--quiet", "-v"],
      ["--config=\(conf)", "--no-host-code", "-qvv", "--mirror", root, "--verbose"],
      ["--mirror", root, "-c\(conf)", "-q"],
    ] {
      let run = mirror.run(before + ["nextbuild"], environment: [:])
      #expect(run.output == after.output && run.status == 0, "\(run.text)")
    }
    let joined = mirror.run(["nextbuild", "--mirror", root, "-c\(conf)", "-q"], environment: [:])
    #expect(joined.output == after.output, "\(joined.text)")
    #expect(mirror.run(["--json", "status"], environment: ["MIRRORCTL_MIRROR": root]).output.first == 0x7b)
    let known = Set((CommonOption.valued + CommonOption.flags).filter { $0.hasPrefix("--") })
    let taken = GlobalOptions.helpMessage(columns: 500).matches(
      of: /^  (?:-\w, )?(--[a-z-]+)/.anchorsMatchLineEndings())
    #expect(known == Set(taken.map { String($0.1) }).subtracting(["--help"]))
  }

  @Test("asks for a dry run in the same ways for all verbs")
  func dryRun() throws {
    let helps = verbs.map { $0.command.helpMessage(columns: 500) }.filter { $0.contains("--dry-run") }
    #expect(helps.count > 10)
    for help in helps { #expect(help.contains("  -n, -d, --dry-run, --pretend\n"), "\(help)") }
    let mirror = try GoldenMirror()
    let outputs = ["-n", "-d", "--dry-run", "--pretend"].map { mirror.run("zap", $0).output }
    #expect(Set(outputs).count == 1 && !outputs[0].isEmpty)
  }

  @Test("with a number that is out of range says what is valid")
  func numbers() throws {
    let mirror = try GoldenMirror()
    for (line, option, range) in [
      ("clean --keep -1", "--keep", "1 to 1000000"), ("clean --keep 0", "--keep", "1 to 1000000"),
      ("clean --keep=many", "--keep", "1 to 1000000"),
      ("upkeep --keep-daily -3", "--keep-daily", "0 to 1000000"),
      ("digestgen -j 0", "-j", "1 to 1024"), ("clean -j0", "-j", "1 to 1024"),
      ("verify --jobs -2", "--jobs", "1 to 1024"),
      ("upkeep --compression-level 99", "--compression-level", "0 to 19"),
      ("compress --compression xz --compression-level 10", "--compression-level", "0 to 9"),
      ("compress --compression-level 10", "--compression-level", "0 to 9"),
      ("capture . x.tar.gz --level 0", "--level", "1 to 9"),
      ("zap --lock-wait -1", "--lock-wait", "0 to 1000000"),
      ("status --history --last 0", "--last", "1 to 1000000"),
      ("journal --last -1", "--last", "1 to 1000000"),
      ("build --threads 0", "--threads", "1 to 1024"), ("test x.iso --cpus 256", "--cpus", "1 to 255"),
      ("nextbuild --stale-days -1", "--stale-days", "0 to 1000000"),
    ] {
      expectInvalid(line, option, "use a whole number from \(range).", mirror)
    }
  }

  @Test("with --last needs --history")
  func last() throws {
    let run = try GoldenMirror().run("status", "--last", "3")
    #expect(run.status == 64)
    #expect(run.text.contains("--last requires --history"))
  }
}

@Suite("Usage") struct UsageTextTests {
  @Test("is broken only between options, to the width of the terminal")
  func breaks() throws {
    for words in verbs.map(\.words) { try checkBreaks(words, 64) }
    for columns in [20, 50, 200] {
      for words in [["build"], ["farm", "run"]] { try checkBreaks(words, columns) }
    }
  }

  private func checkBreaks(_ words: [String], _ columns: Int) throws {
    let error = try #require(throws: (any Error).self) {
      var command = try Mirrorctl.parseAsRoot(words + ["--help"])
      try command.run()
    }
    let whole = Mirrorctl.fullMessage(for: error, columns: max(columns, 40))
    let text = UsageText.text(for: error, columns: columns)
    func squeezed(_ text: String) -> [Substring] { text.split { $0.isWhitespace } }
    #expect(squeezed(text) == squeezed(whole))
    let usage = text.split(separator: "\n").drop { !$0.hasPrefix("USAGE:") }.prefix {
      $0.hasPrefix("USAGE:") || $0.hasPrefix("  ")
    }
    for (line, next) in zip(usage, usage.dropFirst()) {
      let last = line.split(separator: " ").last?.drop { $0 == "[" } ?? ""
      let first = next.split(separator: " ").first ?? ""
      #expect(!(last.hasPrefix("-") && first.hasPrefix("<")), "\(text)")
      #expect(!first.hasPrefix("..."), "\(text)")
    }
    let isTooLong = usage.contains { $0.count > max(columns, 40) && $0.split(separator: " ").count > 3 }
    #expect(!isTooLong, "\(text)")
  }
}

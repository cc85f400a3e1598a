import LinuxSystem
import ArgumentParser
import FlexData
import MirrorTools
import StageBuilder

/// The program: its verbs and its exit status.
@main
struct Mirrorctl: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mirrorctl",
    abstract: "Keep a mirror of Linux stage tarballs.",
    discussion: """
      Set the mirror, in Metro's layout, with --mirror DIR or $MIRRORCTL_MIRROR, and run \
      `mirrorctl upkeep` from cron.

      Exit status: 0 success, 1 failed without data loss, 3 partly done, 4 corruption found, \
      5 refused by a safety limit, 10 another run holds the lock, 64 usage error, 129, 130 or 143 interrupted.
      """,
    version: VersionText.short,
    subcommands: [
      UpkeepCommand.self, DigestgenCommand.self, VerifyCommand.self, IndexCommand.self, CleanCommand.self,
      CompressCommand.self, StatusCommand.self, PublishCommand.self, ReceiveCommand.self,
      NextBuildCommand.self, ZapCommand.self, EmptiesCommand.self, AddCommand.self, ForgetCommand.self,
      PromoteCommand.self, WithdrawCommand.self, RestoreCommand.self, JournalCommand.self,
      RebuildCommand.self,
      BuildCommand.self, SnapshotCommand.self, UnpackCommand.self, CaptureCommand.self,
      ExportCommand.self, TestCommand.self, FarmCommand.self,
      ConfigCommand.self, KeysCommand.self, InitCommand.self, DoctorCommand.self, StepCommand.self,
    ])

  static func main() {
    SandboxHelper.runIfAsked(OwnProgram.arguments)
    let errors = Sink.stream(.errors)
    // The kernel replaces an empty argument vector by one empty argument.
    guard OwnProgram.arguments.count > 1 || OwnProgram.arguments.first?.isEmpty == false else {
      errors.write(Array("mirrorctl: started without arguments, not even a program name\n".utf8))
      OwnProgram.exit(ExitCode.validationFailure.rawValue)
    }
    let arguments = Array(OwnProgram.arguments.dropFirst())
    let (isRoot, author) = (Account.isRoot, JournalAuthor.current)
    do throws(MirrorError) {
      try HostMachine.checkOpenFiles()
      // Before the first thread: only a single-threaded process can create a user namespace.
      if !isRoot && needsRoot(arguments) { try UserNamespace.enter() }
    } catch {
      errors.write(Array("mirrorctl: \(error)\n".utf8))
      OwnProgram.exit(ExitStatus.failed.rawValue)
    }
    OwnProgram.exit(execute(arguments, .process(isRoot: isRoot, author: author)))
  }

  private static func needsRoot(_ arguments: [String]) -> Bool {
    guard let words = try? CommandWords(arguments), words.command is any RootVerb.Type else { return false }
    return ((try? parseAsRoot(words.words)) as? any RootVerb)?.needsRoot ?? false
  }

  /// Runs one command line; returns its exit status.
  static func execute(_ arguments: [String], _ context: CommandContext) -> Int32 {
    let status = run(arguments, context)
    guard let fault = context.output.fault() else { return status }
    context.message("\(MirrorError.system(fault, "write", "standard output"))")
    // Usage errors and signals keep their own status.
    return ExitStatus(rawValue: status)?.worse(.failed).rawValue ?? status
  }

  private static func run(_ arguments: [String], _ context: CommandContext) -> Int32 {
    var verbName = "mirrorctl"
    do {
      if VersionText.isFullAsked(arguments) {
        context.print(VersionText.full())
        return 0
      }
      if arguments.first == Completion.request {
        Completion.candidates(Array(arguments.dropFirst()), context).forEach { context.print($0.line) }
        return 0
      }
      if let script = CompletionScript(arguments, context.environment) {
        context.print(script.text)
        return 0
      }
      try checkText(arguments)
      let line = try CommandWords(arguments)
      var command = try parseAsRoot(line.words)
      verbName = line.name
      guard let verb = command as? any Verb else {
        try command.run()
        return 0
      }
      let status = try verb.run(context)
      guard let signal = context.cancellation.signal else { return status.rawValue }
      context.message("interrupted: finished work is kept: run again to continue")
      return 128 + signal
    } catch let error as MirrorError {
      context.message(error.text(\.commandLine))
      printJSON(error, arguments, context)
      return context.cancellation.signal.map { 128 + $0 } ?? ExitStatus(error).rawValue
    } catch let unknown as UnknownVerb {
      context.message(unknown.error.text(\.commandLine))
      printJSON(unknown.error, arguments, context)
      return ExitCode.validationFailure.rawValue
    } catch let error as FlexDataError {
      for problem in error.problems { context.message("\(problem)") }
      if let first = error.problems.first { printJSON(MirrorError(first), arguments, context) }
      return ExitStatus.failed.rawValue
    } catch let error as ValidationError {
      // Found by the verb itself; the parser's own errors have another type.
      context.message("\(error.message)\n  See '\(verbName) --help' for more information.")
      printJSON(MirrorError(.invalid, "mirrorctl", error.message), arguments, context)
      return ExitCode.validationFailure.rawValue
    } catch let code as ExitCode {
      return context.cancellation.signal.map { 128 + $0 } ?? code.rawValue
    } catch {
      let code = exitCode(for: error).rawValue
      let text = UsageText.text(for: error, columns: context.columns)
      if code == 0 {
        context.print(text)
      } else {
        let problem = text.hasPrefix("Error: ") ? String(text.dropFirst(7)) : text
        context.message(problem)
        printJSON(MirrorError(.invalid, "mirrorctl", problem), arguments, context)
      }
      return code
    }
  }

  /// Refuses words that no verb can mean. An empty one, except for the value of `NAME:`, comes from a variable without a value.
  private static func checkText(_ arguments: [String]) throws {
    for (index, word) in arguments.enumerated() {
      if word.isEmpty, index == 0 || !arguments[index - 1].hasSuffix(":") {
        throw ValidationError("Argument \(index + 1) is empty. Check the variables of the command line.")
      }
      // What the system passes is repaired when it becomes text.
      if word.unicodeScalars.contains("\u{fffd}") {
        throw ValidationError("Argument \(index + 1) is not UTF-8. Rename the file, or run in its directory.")
      }
    }
  }

  /// Prints the error that ended a run as JSON, if `--json` was given.
  private static func printJSON(_ error: MirrorError, _ arguments: [String], _ context: CommandContext) {
    guard arguments.prefix(while: { $0 != "--" }).contains("--json") else { return }
    // The error was already reported as a message.
    _ = try? Renderer(context: context, json: true, quiet: false).print(FailureReport(error: error))
  }
}

/// A subcommand that runs in a context given by its caller.
protocol Verb: ParsableCommand {
  func run(_ context: CommandContext) throws -> ExitStatus
}

/// A verb that needs root; an ordinary user runs it as root of a user namespace.
protocol RootVerb: Verb {
  /// Whether it does, with these arguments.
  var needsRoot: Bool { get }
}

extension RootVerb {
  var needsRoot: Bool { true }
}

extension MirrorError {
  /// An error in the configuration.
  fileprivate init(_ problem: Problem) {
    let place = problem.place.map { "\($0)" } ?? "configuration"
    self.init(.invalid, place, problem.message, remedy: problem.hint)
  }
}

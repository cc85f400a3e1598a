import ArgumentParser
import MirrorTools

struct KeysRotateCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "rotate",
    abstract: "Sign everything with a new key, and publish it beside the old one.",
    discussion: """
      Set signing/key to the new key and signing/previous to the old one first. The new key is published \
      before any signature by it, here and at each destination, and the old one is published for \
      signing/keep-previous. A run that was interrupted is continued by the next one.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions

  func run(_ context: CommandContext) throws -> ExitStatus {
    var quiet = global
    // Only the summaries of steps are printed.
    quiet.quiet = true
    let run = try quiet.write(context, as: "keys", lock)
    let renderer = global.renderer(context)
    let report = try renderer.showing(run.environment.progress) {
      try KeyChangeRun(run).rotate { step in
        if let summary = step.summary { renderer.print("\(step.step): \(summary)") }
      }
    }
    return try renderer.print(report, of: run)
  }
}

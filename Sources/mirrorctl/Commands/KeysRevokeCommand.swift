import ArgumentParser
import MirrorTools
import SystemPackage

struct KeysRevokeCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "revoke",
    abstract: "Sign everything with a new key, and publish the revocation of the old one.",
    discussion: """
      Set signing/key to the new key and add the old one to signing/previous first. All signatures are \
      replaced and published before the revocation. A run that was interrupted is continued by the next one.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions

  @Option(
    name: .long,
    help: ArgumentHelp("The revocation certificate, unless gpg has it already.", valueName: "file"),
    completion: .file())
  var certificate: String?

  @Argument(help: "The fingerprint of the key to revoke, which signing/previous contains.")
  var key: String

  func run(_ context: CommandContext) throws -> ExitStatus {
    guard let key = Fingerprint(key) else {
      throw ValidationError(
        "`\(key)` is not a fingerprint: use the 40 or 64 digits printed by gpg --fingerprint.")
    }
    var quiet = global
    // Only the summaries of steps are printed.
    quiet.quiet = true
    let run = try quiet.write(context, as: "keys", lock)
    let renderer = global.renderer(context)
    let report = try renderer.showing(run.environment.progress) {
      try KeyChangeRun(run).revoke(key, certificate: certificate.map { FilePath($0).absolute }) { step in
        if let summary = step.summary { renderer.print("\(step.step): \(summary)") }
      }
    }
    return try renderer.print(report, of: run)
  }
}

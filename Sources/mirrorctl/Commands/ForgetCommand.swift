import ArgumentParser
import MirrorTools

struct ForgetCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "forget",
    abstract: "Accept that a build, a subarch or snapshots are gone for good.",
    discussion: """
      Verbs report what an earlier run found and this one does not, and refuse to go on without a whole build: \
      its file system may not be mounted. After forget, it is no longer expected; the next publish deletes the \
      copies at destinations with `delete: yes`.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions

  @Flag(name: .shortAndLong, help: "Print what would be forgotten and forget nothing.")
  var dryRun = false

  @Argument(help: "What is gone: BUILD, BUILD/ARCH, BUILD/ARCH/SUBARCH or BUILD/snapshots.")
  var paths: [String]

  func run(_ context: CommandContext) throws -> ExitStatus {
    let run = try global.open(context, as: "forget", lock, isDryRun: dryRun)
    return try global.renderer(context).print(run.forget(try run.paths(paths), isDryRun: dryRun))
  }
}

import ArgumentParser
import MirrorTools

struct ForgetCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "forget",
    abstract: "Accept that a build, a subarch or snapshots are gone for good.",
    discussion: """
      Verbs report subarches and snapshots that an earlier run found and that are now missing. They refuse \
      to run if a whole build is missing, because its file system may not be mounted. After forget the \
      paths are no longer expected; the next publish deletes their copies at destinations with `delete: yes`.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions

  @OptionGroup var preview: DryRunOptions

  @Argument(
    help: "Missing paths: BUILD, BUILD/ARCH, BUILD/ARCH/SUBARCH or BUILD/snapshots.",
    completion: .names(.place))
  var paths: [String]

  func run(_ context: CommandContext) throws -> ExitStatus {
    let run = try global.open(context, as: "forget", lock, isDryRun: preview.dryRun)
    return try global.renderer(context).print(run.forget(try run.paths(paths), isDryRun: preview.dryRun))
  }
}

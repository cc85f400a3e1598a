import MirrorModel
import LinuxSystem
import ArgumentParser
import MirrorTools
import SystemPackage

struct InitCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Prepare a subarch for its first build.",
    discussion: """
      Creates its directories and .control files. Existing files are kept, so it can be run again; if one of \
      them has other content, nothing is changed.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions

  @Argument(help: "Line of development, e.g. funtoo-current.", completion: .names(.build)) var build: String
  @Argument(help: "Architecture, e.g. x86-64bit.", completion: .names(.arch)) var arch: String
  @Argument(help: "Subarch, e.g. generic_64.", completion: .names(.subarch)) var subarch: String

  @Option(
    name: .long,
    help: ArgumentHelp("Use this stage3 as the seed; it is linked or copied.", valueName: "tarball"),
    completion: .file())
  var local: String?

  @Option(
    name: .customLong("version"), of: DateArgument.self,
    help: ArgumentHelp("Date of the seed, if its name contains none.", valueName: "date"))
  var seedVersion: DateArgument?

  @Option(
    name: .long,
    help: ArgumentHelp("Use the stage3 of another subarch as the seed.", valueName: "build/arch/subarch"),
    completion: .names(.place))
  var remote: String?

  func validate() throws {
    if (local == nil) == (remote == nil) {
      throw ValidationError("Missing seed: use --local TARBALL or --remote BUILD/ARCH/SUBARCH.")
    }
    if seedVersion != nil && local == nil { throw ValidationError("--version requires --local.") }
  }

  func run(_ context: CommandContext) throws -> ExitStatus {
    let seed: SubarchSetup.Seed =
      local.map { .local(FilePath($0).absolute, version: seedVersion?.date) }
      ?? .remote(MirrorPath(remote ?? ""))
    let run = try global.write(context, as: "init", lock, creates: true)
    let setup = try SubarchSetup(
      MirrorPath("\(build)/\(arch)/\(subarch)"), from: seed, layout: run.configuration.layout,
      kinds: run.configuration.kinds)
    return try global.renderer(context).print(run.apply(setup))
  }
}

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
      Lays out its directories and its .control files. What is there already stays as it is, so that it may be \
      run again; where a file says something else nothing is done.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions

  @Argument(help: "The line of development: funtoo-current.") var build: String
  @Argument(help: "The architecture: x86-64bit.") var arch: String
  @Argument(help: "The subarch: generic_64.") var subarch: String

  @Option(
    name: .long,
    help: ArgumentHelp("Seed it with this stage3, which is linked or copied.", valueName: "tarball"),
    completion: .file())
  var local: String?

  @Option(
    name: .customLong("version"),
    help: ArgumentHelp("The seed's date, if its name does not tell.", valueName: "date"))
  var seedVersion: DateArgument?

  @Option(
    name: .long,
    help: ArgumentHelp("Seed it with the stage3 of another subarch.", valueName: "build/arch/subarch"))
  var remote: String?

  func validate() throws {
    if (local == nil) == (remote == nil) {
      throw ValidationError("Say where the seed comes from: --local TARBALL or --remote BUILD/ARCH/SUBARCH.")
    }
    if seedVersion != nil && local == nil { throw ValidationError("--version belongs to --local.") }
  }

  func run(_ context: CommandContext) throws -> ExitStatus {
    let seed: SubarchSetup.Seed =
      local.map { .local(FilePath($0).absolute, version: seedVersion?.date) }
      ?? .remote(MirrorPath(remote ?? ""))
    let setup = try SubarchSetup(MirrorPath("\(build)/\(arch)/\(subarch)"), from: seed)
    let run = try global.write(context, as: "init", lock, creates: true)
    return try global.renderer(context).print(run.apply(setup))
  }
}

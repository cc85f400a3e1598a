import ArgumentParser
import MirrorModel
import MirrorTools

struct ZapCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "zap",
    abstract: "Clear failures, so that failing subarches are built again.")

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions

  @OptionGroup var preview: DryRunOptions

  @Argument(help: "Subarches, or directories above them (default: all).", completion: .names(.place))
  var paths: [String] = []

  func run(_ context: CommandContext) throws -> ExitStatus {
    let run = try global.open(context, as: "zap", lock, isDryRun: preview.dryRun)
    let zap = try run.zap(try run.paths(paths), isDryRun: preview.dryRun)
    return try global.renderer(context).print(zap, of: run)
  }
}

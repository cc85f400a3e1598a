import ArgumentParser
import LinuxSystem
import MirrorTools
import StageBuilder

struct FarmRetryCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "retry",
    abstract: "Submit targets again that failed, or were abandoned, skipped or cancelled.",
    discussion: "Targets that are done stay done.")

  @OptionGroup var options: FarmOptions

  @Argument(help: "The campaign.", completion: .names(.campaign))
  var campaign: String

  @Argument(help: "The IDs of targets (default: all that are not done).", completion: .names(.target))
  var targets: [String] = []

  func run(_ context: CommandContext) throws -> ExitStatus {
    let (farm, mirror) = try options.farm(context)
    let campaign = try farm.campaign(named: campaign)
    let known = try campaign.record()
    for target in targets { _ = try known.node(named: target) }
    let record = try Farm.answer { () throws(SlurmError) in
      _ = try campaign.retry(targets.isEmpty ? nil : Set(targets))
      return try campaign.step()
    }
    return try options.print([record], of: mirror, context)
  }
}

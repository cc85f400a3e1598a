import ArgumentParser
import StageBuilder
import MirrorTools

struct FarmCancelCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "cancel", abstract: "End the jobs of a campaign, and start no more of it.",
    discussion: "If the controller of Slurm is away, the next `farm run` ends the jobs.")

  @OptionGroup var options: FarmOptions

  @Argument(help: "The campaign.", completion: .names(.campaign))
  var campaign: String

  func run(_ context: CommandContext) throws -> ExitStatus {
    let (farm, mirror) = try options.farm(context)
    let campaign = try farm.campaign(named: campaign)
    let record = try Farm.answer { () throws(SlurmError) in try campaign.cancel() }
    return try options.print([record], of: mirror, context)
  }
}

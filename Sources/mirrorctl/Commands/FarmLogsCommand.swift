import ArgumentParser
import LinuxSystem
import MirrorTools
import StageBuilder

struct FarmLogsCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Print the log of a target, which is on the node that built it.",
    discussion: "A job of Slurm reads the log on the node. At most the last MiB is printed.")

  @OptionGroup var options: FarmOptions

  @Argument(help: "The campaign.", completion: .names(.campaign))
  var campaign: String

  @Argument(help: "The ID of the target.", completion: .names(.target))
  var target: String

  func run(_ context: CommandContext) throws -> ExitStatus {
    let (farm, _) = try options.farm(context)
    let campaign = try farm.campaign(named: campaign)
    let record = try campaign.record()
    let node = try record.node(named: target)
    let bytes = try Farm.answer { () throws(SlurmError) in try campaign.log(of: node) }
    return try options.global.renderer(context).print(
      FarmLog(campaign: campaign.id, target: node.id, job: record[node].job, bytes))
  }
}

import ArgumentParser
import LinuxSystem
import MirrorTools
import StageBuilder

struct FarmLogsCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Print the log of a target, which is on the node that built it.",
    discussion: "A job of Slurm reads the log on the node. At most the last MiB is printed.")

  @OptionGroup var options: FarmOptions

  @Argument(help: "The campaign.")
  var campaign: String

  @Argument(help: "The ID of the target.")
  var target: String

  func run(_ context: CommandContext) throws -> ExitStatus {
    let (farm, _) = try options.farm(context)
    let campaign = try farm.campaign(named: campaign)
    let record = try campaign.record()
    guard let node = record.plan.nodes.first(where: { $0.id == target }) else {
      throw MirrorError(
        .invalid, escaped(Array(target.utf8)), "is not a target of campaign \(campaign.id)",
        remedy: "see \(run: .campaigns)")
    }
    let bytes: [UInt8]
    do throws(SlurmError) { bytes = try campaign.log(of: node) } catch { throw error.error }
    return try options.global.renderer(context).print(
      FarmLog(campaign: campaign.id, target: node.id, job: record[node].job, bytes))
  }
}

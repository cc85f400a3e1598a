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

  @Argument(help: "The campaign.")
  var campaign: String

  @Argument(help: "The IDs of targets (default: all that are not done).")
  var targets: [String] = []

  func run(_ context: CommandContext) throws -> ExitStatus {
    let (farm, mirror) = try options.farm(context)
    let campaign = try farm.campaign(named: campaign)
    let known = try campaign.record().plan.nodes.map(\.id)
    if let unknown = targets.first(where: { !known.contains($0) }) {
      throw MirrorError(
        .invalid, escaped(Array(unknown.utf8)), "is not a target of campaign \(campaign.id)",
        remedy: "see \(run: .campaigns)")
    }
    let record: CampaignRecord
    do throws(SlurmError) {
      _ = try campaign.retry(targets.isEmpty ? nil : Set(targets))
      record = try campaign.step()
    } catch { throw error.error }
    return try options.print([record], of: mirror, context)
  }
}

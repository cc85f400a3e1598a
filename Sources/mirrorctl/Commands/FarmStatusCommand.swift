import ArgumentParser
import LinuxSystem
import MirrorTools
import StageBuilder

struct FarmStatusCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show which targets wait, run or failed, and where.")

  @OptionGroup var options: FarmOptions

  @Flag(name: .long, help: "Also show finished campaigns.")
  var all = false

  @Argument(
    help: "Campaigns (default: all that are not finished, or the newest one).", completion: .names(.campaign))
  var campaigns: [String] = []

  func run(_ context: CommandContext) throws -> ExitStatus {
    let (farm, mirror) = try options.farm(context)
    var chosen = all ? try farm.campaigns() : try farm.campaigns(named: campaigns)
    if chosen.isEmpty, let newest = try farm.campaigns().last { chosen = [newest] }
    var messages: [MirrorError] = []
    var records: [CampaignRecord] = []
    for campaign in chosen {
      var record = try campaign.record()
      if !record.isFinished, messages.isEmpty {
        // Without the farm, what is recorded is shown.
        do throws(SlurmError) { record = try campaign.look() } catch {
          guard case .away(let error) = error else { throw error.error }
          messages.append(error)
        }
      }
      records.append(record)
    }
    return try options.print(records, of: mirror, messages: messages, context)
  }
}

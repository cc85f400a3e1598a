import ArgumentParser
import LinuxSystem
import MirrorTools
import StageBuilder

struct FarmRunCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Submit what is due, and wait until campaigns are finished.",
    discussion: """
      It may be interrupted at any time; the jobs go on, and the next run continues. Run it as a service, or with \
      --once from cron.
      """)

  @OptionGroup var options: FarmOptions

  @Flag(name: .long, help: "Submit what is due now, and do not wait.")
  var once = false

  @Option(
    name: .long, of: SecondsArgument.self,
    help: ArgumentHelp("Look at the jobs this often (default: 10s).", valueName: "time"))
  var interval: SecondsArgument?

  @Argument(help: "Campaigns (default: all that are not finished).", completion: .names(.campaign))
  var campaigns: [String] = []

  func run(_ context: CommandContext) throws -> ExitStatus {
    let (farm, mirror) = try options.farm(context)
    let chosen = try farm.campaigns(named: campaigns)
    if once {
      let records = try chosen.map { campaign in
        try Farm.answer { () throws(SlurmError) in try campaign.step() }
      }
      return try options.print(records, of: mirror, context)
    }
    let seconds = min(interval?.seconds ?? 10, 86_400)
    let records = try farm.run(chosen, every: UInt32(seconds) * 1000, absent: context.tell)
    return try options.print(records, of: mirror, isResult: true, context)
  }
}

import ArgumentParser

struct FarmCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "farm", abstract: "Show, move on, cancel or repeat builds on the nodes of a Slurm cluster.",
    discussion: "The cluster is configured in `[section farm]`.",
    subcommands: [
      FarmStatusCommand.self, FarmRunCommand.self, FarmCancelCommand.self, FarmRetryCommand.self,
      FarmLogsCommand.self,
    ])
}

import ArgumentParser

struct FarmCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "farm", abstract: "Build on the nodes of a Slurm cluster.",
    discussion: "The cluster is configured in `[section farm]`.",
    subcommands: [
      FarmSubmitCommand.self, FarmStatusCommand.self, FarmRunCommand.self, FarmCancelCommand.self,
      FarmRetryCommand.self,
      FarmLogsCommand.self, FarmWorkCommand.self, FarmOrderCommand.self, FarmReceiveCommand.self,
    ])
}

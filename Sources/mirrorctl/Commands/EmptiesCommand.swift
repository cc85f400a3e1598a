import ArgumentParser
import MirrorTools

struct EmptiesCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "empties", abstract: "List the subarches that were never built.")

  @OptionGroup var global: GlobalOptions

  func run(_ context: CommandContext) throws -> ExitStatus {
    let run = try global.read(context)
    let empties = Empties(try run.scan(), run.configuration.rotation)
    return try global.renderer(context).print(empties, of: run)
  }
}

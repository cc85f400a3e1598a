import ArgumentParser
import MirrorModel
import MirrorTools

struct EmptiesCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "empties", abstract: "List the subarches that were never built.")

  @OptionGroup var global: GlobalOptions

  func run(_ context: CommandContext) throws -> ExitStatus {
    let run = try global.read(context)
    let mirror = try run.scan()
    mirror.unknownNames.forEach(context.tell)
    let empties = Empties(mirror, run.configuration.rotation)
    return try global.renderer(context).print(empties, of: run)
  }
}

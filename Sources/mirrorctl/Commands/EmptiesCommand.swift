import ArgumentParser
import MirrorTools

struct EmptiesCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "empties", abstract: "Print the subarches that were never built.")

  @OptionGroup var global: GlobalOptions

  func run(_ context: CommandContext) throws -> ExitStatus {
    let session = try MirrorSession(global, context)
    let mirror = try session.scan()
    let empties = Empties(mirror, session.configuration.rotation)
    if global.json { try context.print(json: empties) } else { empties.lines.forEach(context.print) }
    return session.report([], mirror: mirror)
  }
}

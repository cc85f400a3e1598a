import ArgumentParser
import FlexData
import LinuxSystem
import MirrorTools
import StageBuilder

struct ConfigCheckCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Report errors in the configuration.",
    discussion:
      "Elements that need a target are also checked if one is given, e.g. target: stage3 target/build: x.")

  @OptionGroup var source: ConfigurationOptions
  @OptionGroup var definitions: DefinitionArguments

  func run(_ context: CommandContext) throws -> ExitStatus {
    let file = try ConfigurationFile(source.request(context, defining: definitions.pairs))
    var check = ConfigurationCheck(file)
    check.checkKey(of: file, now: context.now(), cancellation: context.cancellation)
    let mirror = (try? MirrorConfiguration(file.elements))?.mirror
    check.add(WorkPlaces(file.elements, mirror: mirror).faults(of: file.elements))
    for finding in check.findings + check.warnings { context.message(finding) }
    for note in check.notes { context.print(note) }
    return check.findings.isEmpty ? .done : .failed
  }
}

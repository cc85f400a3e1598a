import ArgumentParser
import FlexData
import LinuxSystem
import MirrorModel
import MirrorTools
import StageBuilder

struct ConfigCheckCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Report errors in the configuration.",
    discussion:
      """
      It is checked with its spec tree, or else with mirrorctl's own, as builds of a sample subarch would use it. \
      Give a target to check that one instead, e.g. target: stage3 target/build: x.
      """)

  @OptionGroup var source: ConfigurationOptions
  @OptionGroup var definitions: DefinitionArguments

  func run(_ context: CommandContext) throws -> ExitStatus {
    var request = source.request(context, defining: definitions.pairs)
    let hasTarget = definitions.pairs.contains { $0.name == "target" || $0.name.hasPrefix("target/") }
    // As builds do, unless the configuration collects a tree of its own.
    if request.file != nil { request.tree = context.specTree }
    let file = try ConfigurationFile(request)
    let samples = hasTarget ? nil : SampleCheck.Tree(file)
    var check = ConfigurationCheck(file, omitsMissing: samples != nil, naming: \.commandLine)
    check.checkKey(of: file, now: context.now(), cancellation: context.cancellation)
    let configuration = try? MirrorConfiguration(file.elements)
    let mirror = configuration?.mirror
    if let samples {
      let subarch = SampleSubarch(configuration, mirror: mirror, samples, now: context.now())
      let sample = SampleCheck(request, samples, subarch, mirror: mirror, today: context.today)
      check.add(sample.findings, note: sample.note)
    }
    check.add(WorkPlaces(file.elements, mirror: mirror).faults(of: file.elements))
    for finding in check.findings + check.warnings { context.message(finding) }
    for note in check.notes { context.print(note) }
    return check.findings.isEmpty ? .done : .failed
  }
}

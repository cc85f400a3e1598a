import ArgumentParser
import FlexData
import LinuxSystem
import MirrorModel
import MirrorTools
import StageBuilder
import SystemPackage

struct ConfigCheckCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Report errors in the configuration.",
    discussion:
      """
      All errors are reported, each with its file and line. The configuration is checked with its spec tree, or else with mirrorctl's own, as builds of a sample subarch would use it. \
      Give a target to check that one instead, e.g. target: stage3 target/build: x.
      """)

  @OptionGroup var source: ConfigurationOptions
  @Flag(name: .long, help: "Print machine-readable JSON.") var json = false
  @OptionGroup var definitions: DefinitionArguments

  func run(_ context: CommandContext) throws -> ExitStatus {
    let renderer = Renderer(context: context, json: json, quiet: false)
    var request = source.request(context, defining: definitions.pairs)
    let hasTarget = definitions.pairs.contains { $0.name == "target" || $0.name.hasPrefix("target/") }
    // As builds do, unless the configuration collects a tree of its own.
    if request.file != nil { request.tree = context.specTree }
    let given = context.mirror.map { (path: $0, origin: "MIRRORCTL_MIRROR") }
    // It takes the place of path/mirror.
    if let given, request.file != nil {
      request.definitions.append((name: "path/mirror", value: given.path.string))
    }
    let file: ConfigurationFile
    do { file = try ConfigurationFile(request) } catch let error as FlexDataError {
      return try renderer.print(ConfigurationCheck(error, in: request.file))
    }
    let samples = hasTarget ? nil : SampleCheck.Tree(file)
    var check = ConfigurationCheck(
      file, mirror: given, omitsMissing: samples != nil, naming: \.commandLine)
    check.checkKey(of: file, now: context.now(), cancellation: context.cancellation)
    let mirror = given?.path ?? check.configuration?.mirror
    // What follows from a wrong path of the mirror is not another fault.
    if let samples, mirror != nil || !file.elements.names.contains("path/mirror") {
      let subarch = SampleSubarch(check.configuration, mirror: mirror, samples, now: context.now())
      let sample = SampleCheck(request, file, samples, subarch, mirror: mirror, today: context.today)
      check.add(sample.faults, note: sample.note)
    }
    check.add(WorkPlaces(file.elements, mirror: mirror).faults(of: file.elements), in: file.elements)
    return try renderer.print(check)
  }
}

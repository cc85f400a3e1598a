import MirrorTools
import LinuxSystem
import ArgumentParser
import FoundationEssentials
import StageBuilder
import SystemPackage

/// Runs one step as a build does, for debugging a failure and for tests.
struct StepCommand: RootVerb {
  static let configuration = CommandConfiguration(
    commandName: "step", abstract: "Run one step of a build from its plan.",
    shouldDisplay: false)

  @Option(in: 0...86_400, help: "Seconds between SIGTERM and SIGKILL after an interrupt.") var grace = 10

  @Option(
    name: .long,
    help: ArgumentHelp("Create this work directory, and delete it afterwards.", valueName: "dir"),
    completion: .directory)
  var work: String?

  @Argument(help: "Plan, a JSON file.", completion: .file()) var plan: String

  func run(_ context: CommandContext) throws -> ExitStatus {
    guard let work else { return try runStep(context) }
    var held = try WorkDirectory(FilePath(work).absolute, cancellation: context.cancellation)
    defer { try? held.remove() }
    return try runStep(context)
  }

  private func runStep(_ context: CommandContext) throws -> ExitStatus {
    let plan = try JSONDecoder().decode(
      SandboxPlan.self, from: Data(contentsOf: URL(fileURLWithPath: plan)))
    let output = try Descriptor.standardOutput()
    switch try Sandbox(grace: grace).run(plan, output: output, cancellation: context.cancellation) {
    case .exited(let status): throw ExitCode(status)
    case .signalled(let signal): throw ExitCode(128 + signal)
    // No limit was given.
    case .late: throw ExitCode(1)
    }
  }
}

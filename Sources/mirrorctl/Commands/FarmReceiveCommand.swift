import ArgumentParser
import LinuxSystem
import MirrorTools
import StageBuilder

struct FarmReceiveCommand: ReportedVerb {
  static let configuration = CommandConfiguration(
    commandName: "receive", abstract: "Receive what a job uploaded; nodes run this on the master.")

  @OptionGroup var options: FarmOptions
  @OptionGroup var lock: LockOptions

  @Flag(name: .long, help: "Count the build of the target as failed.")
  var failed = false

  @Argument(help: "The job.")
  var job: String

  func perform(_ context: CommandContext, _ event: RunEvent) throws -> ExitStatus {
    // A build that begins removes the errors of an earlier one, so those of this one come after it.
    if !failed { try options.take(job, lock, context) }
    let report = try options.settle(job, isDone: !failed, context, event)
    if failed { try options.take(job, lock, context) }
    let status = try options.global.renderer(context).print(report)
    return failed && report.outcome == .failed ? .done : status
  }
}

import ArgumentParser
import LinuxSystem
import MirrorTools
import StageBuilder

struct FarmOrderCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "order", abstract: "Print what a job must do, as JSON; nodes run this on the master.")

  @OptionGroup var options: FarmOptions
  @OptionGroup var lock: LockOptions

  @Argument(help: "The job.")
  var job: String

  func run(_ context: CommandContext) throws -> ExitStatus {
    // An earlier job may have been lost after its upload.
    let isWaiting = try ReceiveRun(options.global.read(context)).plan().contains(job)
    if isWaiting { try options.take(job, lock, context) }
    let run = try options.global.read(context)
    let desk = try options.desk(job, run, context).desk
    if try desk.isThere() {
      let report = try options.settle(job, isDone: true, context, RunEvent(verb: "receive"))
      guard report.outcome == .done else {
        report.notes.forEach(context.message)
        return report.status
      }
    }
    context.output.write(try desk.order().encoded())
    return .done
  }
}

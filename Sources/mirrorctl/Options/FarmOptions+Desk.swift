import ArgumentParser
import LinuxSystem
import MirrorTools
import StageBuilder

/// What the master does for the jobs of nodes that have mirrors of their own.
extension FarmOptions {
  /// What the master does for a job, and what the job builds.
  func desk(
    _ job: String, _ run: MirrorRun, _ context: CommandContext
  ) throws -> (desk: FarmDesk, request: BuildRequest) {
    guard let task = FarmTask(job) else {
      throw ValidationError("`\(job)` is not the name of a job: farm_CAMPAIGN_NUMBER.")
    }
    let record = try farm(context).farm.campaign(named: task.campaign).record()
    let node = try record.node(of: task)
    let request = try node.request(context)
    let build = try global.buildContext(run, BuildShare(), context)
    let packages = FarmUploadRun.packages(of: job)
    return (try FarmDesk(node, of: record, packages: packages, request, build), request)
  }

  /// Moves the files that a job uploaded into the mirror.
  func take(_ job: String, _ lock: LockOptions, _ context: CommandContext) throws {
    let run = try global.write(context, as: "farm receive", lock)
    let files = try desk(job, run, context).desk.product()
    _ = try ReceiveRun(run, job, only: files).apply()
  }

  /// Does what follows the target of a job, as `build` does.
  ///
  /// - Parameter isDone: whether its files are here; otherwise its build failed.
  func settle(
    _ job: String, isDone: Bool, _ context: CommandContext, _ event: RunEvent
  ) throws -> BuildReport {
    let run = try global.read(context, event: event)
    let (desk, request) = try desk(job, run, context)
    let report = desk.settle(isDone: isDone)
    event.report = report
    global.record(report, of: request, run, event, context)
    global.offer(report, run, context)
    global.notices(of: report, run.configuration.rotation).forEach(context.message)
    return report
  }
}

extension FarmNode {
  /// What its command builds.
  func request(_ context: CommandContext) throws -> BuildRequest {
    switch try Mirrorctl.parseAsRoot(build ?? []) {
    case let command as BuildCommand: return try command.request(BuildLine(command.words), context)
    case let command as SnapshotCommand: return try command.request(context)
    default:
      throw MirrorError(.invalid, id, "is not the target of a build", remedy: "see \(run: .campaigns)")
    }
  }
}

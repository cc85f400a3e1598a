import LinuxSystem
import SystemPackage

extension StageTarget {
  /// The work directory: a new one, or, if requested, one that an earlier build kept.
  func open(
    _ progress: inout StageProgress, _ snapshot: FilePath?, _ log: borrowing BuildLog,
    _ entry: inout BuildReport.Target
  ) throws -> WorkDirectory {
    let path = try settings.requiredPath("path/work")
    guard context.resumes else { return try WorkDirectory(path, cancellation: context.cancellation) }
    let resumption = StageResumption(
      progress: progress, work: path, snapshot: snapshot, sandbox: context.sandbox)
    var decision: StageResumption.Decision?
    let work = try WorkDirectory(path, cancellation: context.cancellation) { record throws(MirrorError) in
      decision = try resumption.decide(record)
      if case .goOn = decision { return true }
      return false
    }
    switch decision {
    case .goOn(let kept):
      progress = kept
      entry.resumed = kept.next
      log.note("\(entry.name): goes on in the kept root, from \(kept.next)")
    case .restart(let reason, let changes):
      entry.restarted = reason
      log.note("\(entry.name): \(reason)")
      for line in changes.flatMap(\.lines) { log.note("  \(line)") }
    case nil: log.note("\(entry.name): no root is kept, so it is built from the beginning")
    }
    return work
  }

  /// Keeps the work directory, with a record of what was done.
  func keep(_ work: inout WorkDirectory, _ progress: StageProgress, _ log: borrowing BuildLog) {
    do {
      if let root = try? work.opened().directory(
        Self.path(of: settings.requiredPath("path/chroot"), in: work.path))
      {
        try PackageSigning.remove(from: root)
      }
      // What was changed by hand is made from nothing that is known.
      guard !context.opensShell, let record = progress.record else { return work.keep() }
      try work.keep(record)
    } catch {
      work.keep()
      log.note("\(settings.target ?? ""): cannot be resumed: \(context.text(error))")
    }
  }
}

package import LinuxSystem
import CLinux
import FoundationEssentials
import Glibc
import Synchronization
package import SystemPackage

/// Runs the steps of a build in isolation: with their own mounts, processes, IPC and host name, and in a root
/// as a user who is nobody on the host.
///
/// However mirrorctl ends, all processes and mounts of the step end with it.
package final class Sandbox: Sendable {
  private let program: FilePath
  private let grace: Int
  /// Started by the first step, and again if it was killed.
  private let helper = Mutex<HelperProcess?>(nil)

  /// - Parameters:
  ///   - helper: the program whose `main` begins with ``SandboxHelper/runIfAsked(_:)``.
  ///   - grace: seconds between SIGTERM and SIGKILL for a cancelled step.
  package init(helper: FilePath = OwnProgram.path, grace: Int = 10) {
    program = helper
    self.grace = grace
  }

  /// Runs the step; what it prints is written to `output`.
  ///
  /// One step runs at a time.
  ///
  /// - Parameter limit: seconds after which it is ended.
  /// - Throws: when it cannot be run, or with code `interrupted` when it was cancelled.
  package func run(
    _ plan: SandboxPlan, output: borrowing Descriptor, limit: Int? = nil, cancellation: Cancellation
  ) throws(MirrorError) -> StepEnd {
    try cancellation.check()
    let name = plan.script.name
    let terminal = try plan.interactive ? StepTerminal() : nil
    let outcome = try helper.withLock { helper throws(MirrorError) in
      let process = try Self.running(&helper, program)
      let listener = try StepListener(
        process, SandboxOrder(task: .step(plan), grace: grace), terminal: terminal, name: name)
      return try listener.listen(writingTo: output, limit: limit, cancellation)
    }
    if let root = plan.root { StepLeftovers(root: root, made: outcome.reports.compactMap(\.made)).remove() }
    if let fault = outcome.reports.lazy.compactMap(\.fault).first { throw fault.error }
    let status = outcome.reports.lazy.compactMap(\.waitStatus).last
    if outcome.isLate { return .late }
    if outcome.wasCancelled && status != 0 { try cancellation.check() }
    guard let status else {
      throw MirrorError(
        .invalid, name, "was killed from outside, with all of its processes",
        remedy: "find out what killed it: the kernel log (dmesg) shows out-of-memory kills")
    }
    if let fault = outcome.writeFault { throw .system(fault, "write the output of a step to", "its log") }
    return StepEnd(waitStatus: status)
  }

  /// Whose root a step in a directory would be.
  package func confinement(in directory: FilePath) throws(MirrorError) -> Confinement {
    if UserNamespace.State.current.isInside { return .userNamespace }
    return try answer(to: .trial(directory.string), \.confinement)
  }

  /// Whether steps can see the files of a squashfs image without unpacking it.
  package func canMount(_ image: FilePath, for confinement: Confinement) throws(MirrorError) -> Bool {
    // The kernel trusts what it mounts; an image of another user could be made to mislead it.
    guard confinement != .userNamespace, (try? image.status())?.uid == Account.user else { return false }
    return try answer(to: .mount(image.string), \.canMount)
  }

  private func answer<Answer>(
    to task: SandboxOrder.Task, _ answer: KeyPath<SandboxReport, Answer?>
  ) throws(MirrorError) -> Answer {
    let null = try attempt("open", "/dev/null") { () throws(Errno) in try Descriptor(writing: "/dev/null") }
    let outcome = try helper.withLock { helper throws(MirrorError) in
      let process = try Self.running(&helper, program)
      let listener = try StepListener(
        process, SandboxOrder(task: task, grace: grace), terminal: nil, name: "trial")
      return try listener.listen(writingTo: null, Cancellation())
    }
    if let fault = outcome.reports.lazy.compactMap(\.fault).first { throw fault.error }
    guard let found = outcome.reports.lazy.compactMap({ $0[keyPath: answer] }).first else {
      throw MirrorError(
        .invalid, task.name, "the helper process was killed", remedy: "see the kernel log (dmesg)")
    }
    return found
  }

  private static func running(
    _ helper: inout HelperProcess?, _ program: FilePath
  ) throws(MirrorError) -> HelperProcess {
    if let helper, !helper.hasEnded { return helper }
    let started = try HelperProcess(program)
    helper = started
    return started
  }
}

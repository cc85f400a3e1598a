import LinuxSystem

/// What became of a job of the farm.
package enum FarmJobState: Hashable, Sendable {
  /// Waits for its turn, or for other jobs; with the reason that the farm gives.
  case queued(String)
  case running
  /// The build ended with status 0.
  case done
  /// The build itself ended with another status.
  case failed(Int32)
  /// It will never run, because a job that it depends on did not end with status 0.
  case blocked
  /// Somebody cancelled it.
  case cancelled
  /// It ended without a result of the build.
  case cut(Cause)

  /// Why a job ended without a result; none of these is a failure of the build.
  package enum Cause: String, Hashable, Codable, CodingKeyRepresentable, Sendable {
    /// Its node failed, it could not be started, or it was killed by a signal.
    case lost
    /// Another job took its place.
    case preempted
    /// It reached its time limit.
    case time
    /// It reached its memory limit.
    case memory
    /// The farm does not know the job any more.
    case forgotten
    /// No machine of the farm has what it asks for.
    case impossible
    /// The machine cannot build it, e.g. because its mirrorctl is too old.
    case unfit
    /// The master could not be reached, or did not receive what was built.
    case transfer
  }

  /// Statuses of a job: its machine cannot build anything of the campaign; the master could not be reached.
  package static let (unfit, transfer): (Int32, Int32) = (78, 75)
  /// Those that say so; also a usage error, and what a shell returns for programs that are missing or cannot be run.
  static let unfitStatuses: [Int32] = [unfit, 64, 126, 127]

  /// Whether it may still run.
  package var isActive: Bool {
    switch self {
    case .queued, .running: true
    case .done, .failed, .blocked, .cancelled, .cut: false
    }
  }

  /// From what Slurm says about a job; see squeue(1), JOB STATE CODES and JOB REASON CODES.
  ///
  /// - Parameters:
  ///   - state: the long name, e.g. `COMPLETED`. `sacct` may add who cancelled it.
  ///   - status: as wait(2) returns it.
  ///   - reason: why it is in this state.
  ///   - wasStarted: whether it got a machine.
  init(slurm state: String, status: Int32, reason: String, wasStarted: Bool) {
    switch SlurmState(rawValue: String(state.prefix { $0 != " " && $0 != "+" })) {
    case .pending, .configuring, .requeued, .requeuedByFederation, .requeuedOnHold, .heldByReservation,
      .specialExit:
      self = Self.pending(reason)
    // A job whose end is not known yet also counts as running.
    case .running, .completing, .resizing, .signaling, .stagingOut, .stopped, .suspended: self = .running
    case .completed: self = .done
    case .failed: self = Self.failed(status, reason)
    case .cancelled, .revoked:
      // A job that somebody cancels ends by a signal; without one, its node refused it, e.g. because the controller was
      // killed and does not know that it ran already.
      self = reason.hasPrefix("Dependency") ? .blocked : wasStarted && status == 0 ? .cut(.lost) : .cancelled
    case .preempted: self = .cut(.preempted)
    case .timedOut, .deadline: self = .cut(.time)
    case .outOfMemory: self = .cut(.memory)
    case .bootFailed, .nodeFailed: self = .cut(.lost)
    // A later version of Slurm may know more states; the job is looked at again.
    case nil: self = .queued("state \(state)")
    }
  }

  private static func pending(_ reason: String) -> Self {
    switch reason {
    case "DependencyNeverSatisfied": .blocked
    // It could not be started, and waits for an administrator.
    case "launch failed requeued held", "JobHoldMaxRequeue", "LaunchFailedRequeuedHeld": .cut(.lost)
    default: .queued(reason)
    }
  }

  private static func failed(_ status: Int32, _ reason: String) -> Self {
    let code = status >> 8 & 0xff
    // Slurm reports a job that could not be started, or was killed, as failed, with a signal or an error of its own.
    if reason == "BadConstraints" { return .cut(.impossible) }
    if status & 0x7f != 0 { return .cut(.lost) }
    return switch code {
    // See Mirrorctl: another run has the lock, or a signal ended the build.
    case 10, 129...: .cut(.lost)
    case transfer: .cut(.transfer)
    case _ where unfitStatuses.contains(code): .cut(.unfit)
    default: .failed(code)
    }
  }
}

/// What Slurm says about a job; see squeue(1), JOB STATE CODES. Later versions may know more.
package enum SlurmState: String, Sendable {
  case pending = "PENDING"
  case configuring = "CONFIGURING"
  case requeued = "REQUEUED"
  case requeuedByFederation = "REQUEUE_FED"
  case requeuedOnHold = "REQUEUE_HOLD"
  case heldByReservation = "RESV_DEL_HOLD"
  case specialExit = "SPECIAL_EXIT"

  case running = "RUNNING"
  case completing = "COMPLETING"
  case resizing = "RESIZING"
  case signaling = "SIGNALING"
  case stagingOut = "STAGE_OUT"
  case stopped = "STOPPED"
  case suspended = "SUSPENDED"

  case completed = "COMPLETED"
  case failed = "FAILED"
  case cancelled = "CANCELLED"
  case revoked = "REVOKED"
  case preempted = "PREEMPTED"
  case timedOut = "TIMEOUT"
  case deadline = "DEADLINE"
  case outOfMemory = "OUT_OF_MEMORY"
  case bootFailed = "BOOT_FAIL"
  case nodeFailed = "NODE_FAIL"

  /// Whether the job will not run any more.
  var isEnd: Bool {
    switch self {
    case .pending, .configuring, .requeued, .requeuedByFederation, .requeuedOnHold, .heldByReservation,
      .specialExit,
      .running, .completing, .resizing, .signaling, .stagingOut, .stopped, .suspended:
      false
    case .completed, .failed, .cancelled, .revoked, .preempted, .timedOut, .deadline, .outOfMemory,
      .bootFailed,
      .nodeFailed:
      true
    }
  }
}

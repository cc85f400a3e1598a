package import MirrorTools

/// Which jobs are tried again, how often, and with which limits: a pure value.
package struct RetryRule: Hashable, Sendable {
  let retries: FarmRetries

  package init(_ retries: FarmRetries) { self.retries = retries }

  /// How often a cause is forgiven.
  func limit(_ cause: FarmJobState.Cause) -> Int {
    switch cause {
    case .lost, .forgotten: retries.lost
    case .transfer: retries.transfer
    case .preempted: retries.preempted
    case .time: retries.time
    case .memory: retries.memory
    case .impossible: 0
    // Each time on another machine, until none is left.
    case .unfit: 100
    }
  }

  /// Whether to try again after jobs that ended for these reasons, this often; the last one for `cause`.
  func permits(_ cause: FarmJobState.Cause, _ counts: [FarmJobState.Cause: Int]) -> Bool {
    let count =
      switch cause {
      case .lost, .forgotten: (counts[.lost] ?? 0) + (counts[.forgotten] ?? 0)
      case .preempted, .time, .memory, .impossible, .unfit, .transfer: counts[cause] ?? 0
      }
    return count <= limit(cause)
  }

  /// The seconds of the next job: twice the limit for each job that ran out of time.
  func time(_ settings: FarmSettings, _ counts: [FarmJobState.Cause: Int]) -> Int? {
    settings.time.map { Self.doubled($0, counts[.time]) }
  }

  /// The bytes of the next job: twice the limit for each job that ran out of memory.
  func memory(_ settings: FarmSettings, _ counts: [FarmJobState.Cause: Int]) -> Int64? {
    settings.memory.map { Self.doubled($0, counts[.memory]) }
  }

  /// How many seconds the next job waits before it starts: longer after each job that could not reach the master, up to an
  /// hour, so that a master may be away for a while.
  func wait(_ counts: [FarmJobState.Cause: Int]) -> Int {
    guard let count = counts[.transfer], count > 0 else { return 0 }
    return min(3600, Self.doubled(retries.wait, count - 1))
  }

  private static func doubled<Number: FixedWidthInteger>(_ number: Number, _ times: Int?) -> Number {
    let factor = Number(1) << Number(min(times ?? 0, FarmRetries.mostDoublings))
    let (product, isTooLarge) = number.multipliedReportingOverflow(by: factor)
    return isTooLarge ? number : product
  }
}

import Synchronization

/// Asks Slurm about jobs whose locks were found. Each job is asked for once, and again after a while if it still ran.
final class SlurmJobProbe: Sendable {
  /// How long an answer counts, so that many locks of a job, or a controller that is away, cost one question.
  private static let validity = Duration.seconds(10)
  private let answers = Mutex<[Int: (hasEnded: Bool, asked: ContinuousClock.Instant)]>([:])
  private let ask: @Sendable (_ job: Int) -> Bool

  init(ask: @escaping @Sendable (_ job: Int) -> Bool = SlurmJobProbe.ask) {
    self.ask = ask
  }

  func hasEnded(_ job: Int) -> Bool {
    if let known = answers.withLock({ $0[job] }),
      known.hasEnded || known.asked.duration(to: .now) < Self.validity
    {
      return known.hasEnded
    }
    let hasEnded = ask(job)
    answers.withLock { $0[job] = (hasEnded, .now) }
    return hasEnded
  }

  /// Whether a job ended, or the controller does not know it any more; false if it cannot be asked.
  private static func ask(_ job: Int) -> Bool {
    let outcome = try? HostProgram.run(
      ["squeue", "--noheader", "--states=all", "--jobs=\(job)", "--format=%T"],
      environment: ["LC_ALL": "C.UTF-8"], limit: 60)
    guard let outcome, !outcome.isLate else { return false }
    guard outcome.status == 0 else {
      return String(decoding: outcome.errors, as: UTF8.self).contains("Invalid job id")
    }
    let states = String(decoding: outcome.output, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    return !states.isEmpty && states.allSatisfy { SlurmState(rawValue: String($0))?.isEnd ?? false }
  }
}

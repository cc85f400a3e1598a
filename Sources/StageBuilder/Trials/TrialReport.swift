import FoundationEssentials
import LinuxSystem
import MirrorModel
package import MirrorTools

/// The result of testing a stage or an image.
package struct TrialReport: Report, Sendable {
  /// One test.
  package struct Trial: Sendable, Encodable {
    /// What was done: `booted with UEFI`.
    let text: String
    /// Of the stage or the machine.
    let architecture: String
    let seconds: Double
    /// `uefi` or `bios`; nil for a check in a sandbox.
    var firmware: String?
    /// Whether KVM ran it; nil for a check in a sandbox.
    var isAccelerated: Bool?
    /// The line that shows that it passed.
    var seen: String?
    /// Why it failed; nil if it passed.
    var problem: String?
    /// The last lines of the console or of the check, if it failed.
    var output: [String] = []

    init(_ text: String, _ architecture: Architecture?, _ start: ContinuousClock.Instant) {
      self.text = text
      self.architecture = architecture.map { $0.containerName ?? $0.title } ?? "unknown"
      let (seconds, attoseconds) = (ContinuousClock.now - start).components
      self.seconds = Double(seconds) + Double(attoseconds / 1_000_000_000_000_000) / 1000
    }

    private enum CodingKeys: String, CodingKey {
      case text = "test"
      case architecture, seconds, firmware
      case isAccelerated = "accelerated"
      case seen, problem, output
    }

    package var hasPassed: Bool { problem == nil }

    /// One line: what was tested, and how it went.
    package var line: String {
      "\(text), \(architecture), \(humanSeconds(seconds))"
        + (problem.map { ": \($0)" } ?? seen.map { ": \($0)" } ?? "")
    }
  }

  /// Absolute path of the stage or image.
  package let source: String
  package let trials: [Trial]

  private enum CodingKeys: CodingKey { case source, passed, tests }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(source, forKey: .source)
    try container.encode(hasPassed, forKey: .passed)
    try container.encode(trials, forKey: .tests)
  }

  package var hasPassed: Bool { trials.allSatisfy(\.hasPassed) }

  package var lines: [ReportLine] {
    trials.filter(\.hasPassed).map { "passed \(source): \($0.line)" }
  }

  /// The failures, each with the end of its output.
  package var notes: [String] {
    trials.filter { !$0.hasPassed }.flatMap { trial in
      ["\(source): failed its test: \(trial.line)"] + trial.output.map { "| \($0)" }
    }
  }

  package var status: ExitStatus { hasPassed ? .done : .failed }
}

package import LinuxSystem

/// Why a program of Slurm did not do what it was run for.
package enum SlurmError: Error, Sendable {
  /// The controller did not answer; a request may have reached it nevertheless.
  case away(MirrorError)
  /// The queue is full for now.
  case full(MirrorError)
  /// The job can never run as requested.
  case refused(MirrorError)
  /// Any other error.
  case failed(MirrorError)

  /// Texts of `slurm_strerror` and of the clients when the controller is down, starts, or does not answer in time.
  private static let absence = [
    "Unable to contact slurm controller", "Socket timed out", "Slurm backup controller in standby mode",
    "Unable to establish controller machine", "Connection refused", "Connection timed out",
    "Zero Bytes were transmitted or received", "Unexpected message received", "Message receive failure",
    "Message send failure", "Unable to resolve", "Slurmctld(primary) is DOWN", "Transport endpoint",
    // The daemon of munge on this machine was restarted with it.
    "Protocol authentication error", "Munge encode failed", "Munge decode failed",
  ]
  private static let shortage = [
    "temporarily unable to accept job", "job queue full", "MaxSubmitJob", "Resource temporarily unavailable",
  ]
  private static let refusal = [
    "Requested node configuration is not available", "Invalid feature specification",
    "Invalid partition name specified", "Invalid account", "Invalid qos specification",
    "Memory specification can not be satisfied", "Requested time limit is invalid",
    "More processors requested than permitted", "CPU count per node can not be satisfied",
  ]

  /// From the messages of a program that failed.
  init(_ outcome: HostProgram.Outcome, of program: String) {
    let text = String(decoding: outcome.errors, as: UTF8.self)
    let lines = text.split(separator: "\n").map { escaped(Array($0.utf8)) }
    let said = lines.last.map { $0.cut(to: 500) } ?? "failed with exit status \(outcome.status)"
    func error(_ remedy: String) -> MirrorError {
      MirrorError(
        .invalid, program, outcome.isLate ? "did not end in time" : said,
        remedy: Remedy(stringLiteral: remedy))
    }
    func contains(_ texts: [String]) -> Bool { texts.contains { text.contains($0) } }
    self =
      if contains(Self.shortage) {
        .full(error("jobs are submitted as soon as others end"))
      } else if outcome.isLate || contains(Self.absence) {
        .away(error("start slurmctld, or wait until it answers"))
      } else if contains(Self.refusal) {
        .refused(error("check [section farm] of the configuration against scontrol show partition and sinfo"))
      } else {
        .failed(error("see its message, or run it by hand"))
      }
  }

  /// Whether a program ran and refused, without a sign that trying again later would help.
  var isComplaint: Bool {
    if case .failed(let error) = self { error.code == .invalid } else { false }
  }

  /// For callers that do not distinguish.
  package var error: MirrorError {
    switch self {
    case .away(let error), .full(let error), .refused(let error), .failed(let error): error
    }
  }
}

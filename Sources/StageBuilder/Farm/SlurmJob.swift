import LinuxSystem

/// What Slurm says about a job of a campaign.
package struct SlurmJob: Hashable, Sendable {
  let number: Int
  let mark: JobMark
  let state: FarmJobState
  /// Where it runs or ran, e.g. `node3`; nil if nowhere yet.
  let machine: String?
  /// What its machine says about itself, if it cannot build it.
  let note: String?

  /// The fields of a line that ``init(queueLine:)`` reads. A suffix without a width prevents that values are cut; only the
  /// last one may contain the separator.
  static let queueFormat = ["JobID", "State", "exit_code", "NodeList", "Reason", "Comment"]
    .map { "\($0):|" }.joined(separator: ",")

  /// From a line of `squeue --Format`; nil for jobs of others, and anything else.
  init?(queueLine line: some StringProtocol) {
    let fields = line.split(separator: "|", maxSplits: 5, omittingEmptySubsequences: false)
    guard fields.count == 6, let number = Int(fields[0]), let status = Int32(fields[2]),
      let mark = JobMark(fields[5].prefix { $0 != "|" })
    else { return nil }
    let note = fields[5].prefix { $0 != "|" }.split(separator: ":", maxSplits: 4).dropFirst(4).first
    self.init(
      number, mark, String(fields[1]), status, String(fields[4]), machine: String(fields[3]),
      note: note.map { String($0) })
  }

  /// The fields of a line that ``init(accountingLine:_:)`` reads; only the last one may contain the separator.
  static let accountingFormat = "JobIDRaw,State,ExitCode,NodeList,Reason,JobName"

  /// From a line of `sacct --parsable2`, whose exit codes are `STATUS:SIGNAL`; nil if it is something else.
  ///
  /// - Parameter wanted: the marks and names of the jobs that were asked for, by number. A controller that was killed may use
  ///   a number again.
  init?(accountingLine line: some StringProtocol, _ wanted: [Int: (mark: JobMark, name: String)]) {
    let fields = line.split(separator: "|", maxSplits: 5, omittingEmptySubsequences: false)
    guard fields.count == 6, let number = Int(fields[0]), let job = wanted[number], fields[5] == job.name
    else {
      return nil
    }
    let codes = fields[2].split(separator: ":").compactMap { Int32($0) }
    guard codes.count == 2, (0...255).contains(codes[0]), (0...127).contains(codes[1]) else { return nil }
    var status = codes[0] << 8 | codes[1]
    // The signal of scancel(1) is not recorded, but that somebody ran it is.
    if fields[1].hasPrefix("CANCELLED by"), status == 0 { status = 15 }
    self.init(
      number, job.mark, String(fields[1]), status, String(fields[4]), machine: String(fields[3]), note: nil)
  }

  private init(
    _ number: Int, _ mark: JobMark, _ state: String, _ status: Int32, _ reason: String, machine: String,
    note: String?
  ) {
    self.number = number
    self.note = note
    self.mark = mark
    self.machine = ["", "(null)", "None assigned"].contains(machine) ? nil : machine
    self.state = FarmJobState(slurm: state, status: status, reason: reason, wasStarted: self.machine != nil)
  }
}

/// The comment of a job, by which it is found again: `mirrorctl:CAMPAIGN:NODE:TRY`. Its machine may append a note.
package struct JobMark: Hashable, Sendable, CustomStringConvertible {
  let campaign: String
  let node: String
  /// Counts the jobs of the node, from 1.
  let number: Int

  init(campaign: String, node: String, number: Int) {
    self.campaign = campaign
    self.node = node
    self.number = number
  }

  /// nil if the comment is not from ``description``.
  init?(_ comment: some StringProtocol) {
    let parts = comment.split(separator: ":", maxSplits: 4, omittingEmptySubsequences: false)
    guard parts.count >= 4, parts[0] == "mirrorctl", let number = Int(parts[3]) else { return nil }
    self.init(campaign: String(parts[1]), node: String(parts[2]), number: number)
  }

  package var description: String { "mirrorctl:\(campaign):\(node):\(number)" }
}

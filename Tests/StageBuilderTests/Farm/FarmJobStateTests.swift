import LinuxSystem
import MirrorTools
import Testing

@testable import StageBuilder

@Suite("The state of a job")
struct FarmJobStateTests {
  /// Lines of `squeue --Format` of Slurm 22.05; the one of a job without memory is from a cluster with cgroups.
  @Test(
    "is what squeue says, and only an exit status of the build itself is a failure",
    arguments: [
      ("7|COMPLETED|0|node1|None|", .done),
      ("7|RUNNING|0|node1|None|", .running),
      ("7|COMPLETING|0|node1|None|", .running),
      ("7|PENDING|0||Priority|", .queued("Priority")),
      (
        "7|PENDING|0||ReqNodeNotAvail, UnavailableNodes:node1|",
        .queued("ReqNodeNotAvail, UnavailableNodes:node1")
      ),
      ("7|PENDING|0||DependencyNeverSatisfied|", .blocked),
      ("7|CANCELLED|0||DependencyNeverSatisfied|", .blocked),
      ("7|CANCELLED|15|node1|None|", .cancelled),
      ("7|CANCELLED|0||None|", .cancelled),
      ("7|CANCELLED|0|node1|None|", .cut(.lost)),
      ("7|FAILED|768|node1|NonZeroExitCode|", .failed(3)),
      ("7|FAILED|256|node1|NonZeroExitCode|", .failed(1)),
      // Killed by a signal, not started, interrupted, or another run had the lock.
      ("7|FAILED|9|node1|JobLaunchFailure|", .cut(.lost)),
      ("7|FAILED|4021|node1|JobLaunchFailure|", .cut(.lost)),
      ("7|FAILED|36608|node1|NonZeroExitCode|", .cut(.lost)),
      ("7|FAILED|2560|node1|NonZeroExitCode|", .cut(.lost)),
      ("7|PENDING|0||launch failed requeued held|", .cut(.lost)),
      ("7|NODE_FAIL|0|node1|NodeDown|", .cut(.lost)),
      ("7|BOOT_FAIL|0|node1|None|", .cut(.lost)),
      ("7|PREEMPTED|15|node3|None|", .cut(.preempted)),
      ("7|TIMEOUT|15|node2|TimeLimit|", .cut(.time)),
      ("7|DEADLINE|0||DeadLine|", .cut(.time)),
      ("7|OUT_OF_MEMORY|125|node2|OutOfMemory|", .cut(.memory)),
      ("7|FAILED|1||BadConstraints|", .cut(.impossible)),
      ("7|SOMETHING_NEW|0||None|", .queued("state SOMETHING_NEW")),
    ] as [(String, FarmJobState)])
  func queue(line: String, state: FarmJobState) throws {
    let job = try #require(SlurmJob(queueLine: line + "mirrorctl:c:n:2|"))
    #expect(job.state == state)
    #expect(job.number == 7)
    #expect(job.mark == JobMark(campaign: "c", node: "n", number: 2))
  }

  @Test(
    "is not read from jobs of others",
    arguments: [
      "7|COMPLETED|0|node1|None|(null)|", "7|COMPLETED|0|node1|None|mirrorctl:c:n|", "", "slurm|||||",
      "7|COMPLETED|0|node1|None|", "x|COMPLETED|0|node1|None|mirrorctl:c:n:1|",
    ])
  func others(line: String) {
    #expect(SlurmJob(queueLine: line) == nil)
  }

  /// Lines of `sacct --parsable2`, as sacct(1) describes them.
  @Test(
    "is what sacct says about jobs that the controller forgot",
    arguments: [
      ("7|COMPLETED|0:0|node1|None", .done), ("7|FAILED|3:0|node1|NonZeroExitCode", .failed(3)),
      ("7|CANCELLED by 0|0:0|node1|None", .cancelled), ("7|CANCELLED|0:0|node1|None", .cut(.lost)),
      ("7|NODE_FAIL|0:0|node1|None", .cut(.lost)),
      ("7|OUT_OF_MEMORY|0:125|node1|OutOfMemory", .cut(.memory)),
    ] as [(String, FarmJobState)])
  func accounts(line: String, state: FarmJobState) throws {
    let mark = JobMark(campaign: "c", node: "n", number: 1)
    let job = try #require(SlurmJob(accountingLine: line + "|target n", [7: (mark, "target n")]))
    #expect(job.state == state)
    #expect(job.mark == mark)
    #expect(SlurmJob(accountingLine: line + "|target n", [8: (mark, "target n")]) == nil)
    // The number was used again.
    #expect(SlurmJob(accountingLine: line + "|target m", [7: (mark, "target n")]) == nil)
  }
}

@Suite("The rule for another try")
struct RetryRuleTests {
  private let targets = [
    FarmNode(id: "a", name: "a", command: ["true"]),
    FarmNode(id: "b", name: "b", command: ["true"], needs: ["a"]),
  ]

  private func settings() -> FarmSettings {
    var settings = FarmSettings()
    (settings.memory, settings.time) = (1 << 30, 3600)
    settings.retries = FarmRetries(lost: 1, preempted: 2, time: 1, memory: 2)
    return settings
  }

  /// A campaign whose first target had jobs that ended in these states, in order.
  private func record(after states: [FarmJobState]) throws -> CampaignRecord {
    let plan = CampaignRecord.Plan(id: "c", mirror: "/m", created: 0, nodes: try FarmNode.ordered(targets))
    var record = CampaignRecord(plan)
    for (index, state) in states.enumerated() {
      let job = try #require(
        SlurmJob(
          queueLine:
            "\(index + 1)|\(name(of: state))|\(status(of: state))|node1|None|mirrorctl:c:a:\(index + 1)|"))
      let (changes, _) = record.changes(seeing: [job], RetryRule(settings().retries), at: 1)
      for change in changes { record.apply(change) }
    }
    return record
  }

  private func name(of state: FarmJobState) -> String {
    switch state {
    case .cut(.memory): "OUT_OF_MEMORY"
    case .cut(.time): "TIMEOUT"
    case .cut(.preempted): "PREEMPTED"
    case .cut(.transfer): "FAILED"
    default: "NODE_FAIL"
    }
  }

  private func status(of state: FarmJobState) -> Int32 {
    state == .cut(.transfer) ? FarmJobState.transfer << 8 : 0
  }

  @Test("lets a job wait longer after each one that could not reach the master, and others not at all")
  func waiting() throws {
    func begin(after states: FarmJobState...) throws -> [String] {
      try record(after: states).request(for: targets[0], settings()).options(settings())
        .filter { $0.hasPrefix("--begin") }
    }
    #expect(try begin(after: .cut(.lost)) == [])
    #expect(try begin(after: .cut(.transfer)) == ["--begin=now+60"])
    #expect(try begin(after: .cut(.transfer), .cut(.transfer), .cut(.transfer)) == ["--begin=now+240"])
    #expect(RetryRule(FarmRetries()).wait([.transfer: 100]) == 3600)
  }

  @Test("gives a job twice the memory or time of one that had too little")
  func more() throws {
    let record = try record(after: [.cut(.memory), .cut(.preempted), .cut(.memory), .cut(.time), .cut(.lost)])
    let request = record.request(for: targets[0], settings())
    #expect(request.memory == 4 << 30)
    #expect(request.time == 7200)
    #expect(request.mark.number == 6)
    #expect(request.options(settings()).contains("--mem=4096M"))
    #expect(request.options(settings()).contains("--time=120"))
    #expect(record.due(upTo: 10).map(\.id) == ["a", "b"])
  }

  @Test(
    "abandons a target after one more than the configured number, and skips what needs it",
    arguments: [(.lost, 2), (.preempted, 3), (.time, 2), (.memory, 3), (.transfer, 7)]
      as [(FarmJobState.Cause, Int)])
  func limits(cause: FarmJobState.Cause, count: Int) throws {
    let before = try record(after: Array(repeating: .cut(cause), count: count - 1))
    #expect(before[targets[0]].phase == .waiting)
    let record = try record(after: Array(repeating: .cut(cause), count: count))
    #expect(record[targets[0]].phase == .abandoned)
    #expect(record[targets[1]].phase == .skipped)
    #expect(record.isFinished)
  }

  @Test("refuses targets that are not a graph")
  func graphs() {
    func node(_ id: String, _ needs: String...) -> FarmNode {
      FarmNode(id: id, name: id, command: ["true"], needs: needs)
    }
    for nodes in [
      [node("a", "b"), node("b", "a")], [node("a", "a")], [node("a", "missing")], [node("a"), node("a")],
      [node("a:b")], [node("")],
    ] {
      #expect(throws: MirrorError.self) { try FarmNode.ordered(nodes) }
    }
  }

  @Test("ends all but one of the jobs that a submission without an answer left")
  func duplicates() throws {
    let record = try record(after: [])
    let jobs = try [5, 4].map { number in
      try #require(SlurmJob(queueLine: "\(number)|RUNNING|0|node1|None|mirrorctl:c:a:1|"))
    }
    let (changes, superfluous) = record.changes(seeing: jobs, RetryRule(settings().retries), at: 1)
    #expect(changes.map(\.record.job) == [4])
    #expect(superfluous == [5])
  }
}

import Foundation
import Glibc
import LinuxSystem
import MirrorModel
import MirrorTools
import SystemPackage
import TestSupport
import Testing

@testable import StageBuilder

@Suite("A farm on Slurm", .waiting, .enabled(if: FarmSite.isPossible, FarmSite.reason))
struct FarmTests {
  @Test("runs the targets of a graph on its nodes, each after those that it needs")
  func graph() throws {
    let site = try FarmSite()
    try site.cluster.run("scontrol", "update", "nodename=node3", "state=drain", "reason=repair")
    // Three snapshots, and three stages in a row after each.
    let targets = (1...3).flatMap { row in
      [site.target("snapshot\(row)")]
        + (1...3).map { stage in
          site.target(
            "stage\(stage)-\(row)", after: [stage == 1 ? "snapshot\(row)" : "stage\(stage - 1)-\(row)"])
        }
    }
    let campaign = try site.farm.campaign(of: targets.reversed())
    #expect(Set(try site.finish(campaign).values) == [.done])
    let order = site.ran.map { $0[0] }
    #expect(order.sorted() == targets.map(\.id).sorted())
    for target in targets {
      for need in target.needs {
        #expect(try #require(order.firstIndex(of: need)) < #require(order.firstIndex(of: target.id)))
      }
    }
    #expect(Set(site.ran.map { $0[1] }) == ["node1", "node2"])
    // Their logs are on their nodes only.
    let last = try #require(targets.last)
    let log = String(decoding: try campaign.log(of: last), as: UTF8.self)
    #expect(log.contains("mirrorctl:\(campaign.id):\(last.id):1 on node"))
  }

  @Test("does not run what needs a failed target, until that is repeated")
  func failure() throws {
    let site = try FarmSite()
    let repaired = site.workspace.path.appending("repaired")
    let campaign = try site.farm.campaign(of: [
      site.target("a"), site.target("b", after: ["a"], "test -e '\(repaired)' || exit 3"),
      site.target("c", after: ["b"]), site.target("d", after: ["c", "a"]), site.target("e", after: ["a"]),
    ])
    #expect(
      try site.finish(campaign) == ["a": .done, "b": .failed, "c": .skipped, "d": .skipped, "e": .done])
    #expect(try site.record("b", in: campaign).detail == "exit status 3")
    #expect(try site.record("b", in: campaign).tries == 1)
    try site.workspace.shell("touch '\(repaired)'")
    _ = try campaign.retry()
    #expect(Set(try site.finish(campaign).values) == [.done])
    #expect(site.ran.map { $0[0] }.sorted() == ["a", "b", "b", "c", "d", "e"])
  }

  @Test("tries a target again whose node lost its power, and what needs it still waits for it")
  func deadNode() throws {
    let site = try FarmSite()
    let campaign = try site.farm.campaign(of: [
      // The second run ends at once.
      site.target("a", "[ $(grep -c '^a ' '\(site.workspace.path)/ran') -gt 1 ] || sleep 1000"),
      site.target("b", after: ["a"]), site.target("c"),
    ])
    try site.step(campaign, until: "a runs") { _ in site.ran.contains { $0[0] == "a" } }
    let first = try #require(site.ran.first { $0[0] == "a" })
    try site.cluster.killNode(try #require(first[1].last?.wholeNumberValue))
    #expect(Set(try site.finish(campaign).values) == [.done])
    let record = try site.record("a", in: campaign)
    #expect(record.cuts == [.lost: 1])
    #expect(record.tries == 2)
    #expect(record.machine != first[1])
    #expect(site.ran.map { $0[0] }.filter { $0 != "c" } == ["a", "a", "b"])
  }

  @Test(
    "waits for a controller that is away, and loses nothing",
    arguments: Soak.isFull ? ["TERM", "KILL"] : ["TERM"])
  func absence(signal: String) throws {
    let site = try FarmSite()
    let campaign = try site.farm.campaign(of: [
      site.target("a", "sleep 1"), site.target("b", after: ["a"]), site.target("c"),
    ])
    try site.step(campaign, until: "a runs") { _ in site.ran.contains { $0[0] == "a" } }
    try site.cluster.signalController(signal)
    var absences: [MirrorError] = []
    let phases = try site.finish(campaign) { error in
      absences.append(error)
      try? site.cluster.startController()
    }
    #expect(Set(phases.values) == [.done])
    #expect(absences.count == 1)
    #expect(absences.first?.problem.contains("Unable to contact slurm controller") == true)
    // One that was killed forgets what it did in the last seconds.
    let ran = site.ran.map { $0[0] }.sorted()
    #expect(signal == "TERM" ? ran == ["a", "b", "c"] : Set(ran) == ["a", "b", "c"])
  }

  @Test("finds jobs again whose submission was not answered or not recorded")
  func submission() throws {
    let site = try FarmSite()
    let campaign = try site.farm.campaign(of: [
      site.target("a"), site.target("b", after: ["a"]), site.target("c"),
    ])
    let journal = campaign.file.directory.appending("journal").string
    try campaign.step()
    // As if the run had been killed while it recorded the second of three jobs.
    let lines = try String(contentsOfFile: journal, encoding: .utf8).split(separator: "\n")
    try Data((lines[0] + "\n" + lines[1].prefix(40)).utf8).write(to: URL(fileURLWithPath: journal))
    #expect(Set(try site.finish(campaign).values) == [.done])
    #expect(try site.jobs().count == 3)

    let other = try site.farm.campaign(of: [site.target("d")])
    try other.look()
    try site.cluster.signalController("STOP")
    // The request is in the socket of the controller, which handles it later.
    #expect(throws: SlurmError.self) { try SlurmClientPeer.submit(other, site) }
    try site.cluster.signalController("CONT")
    try site.cluster.wait("the job") { try site.jobs().count == 4 }
    #expect(try site.finish(other) == ["d": .done])
    #expect(site.ran.map { $0[0] }.sorted() == ["a", "b", "c", "d"])
  }

  @Test("submits each target once, whoever moves the campaign on, and however often it is submitted")
  func once() async throws {
    let site = try FarmSite()
    let targets = (1...4).map { site.target("a\($0)") }
    let campaign = try site.farm.campaign(of: targets)
    #expect(try site.farm.campaign(of: targets).id == campaign.id)
    #expect(throws: MirrorError.self) { try site.farm.campaign(of: [targets[1], site.target("new")]) }
    // Another campaign at the same time.
    let other = try site.farm.campaign(of: (1...4).map { site.target("b\($0)") })
    #expect(other.id != campaign.id)
    let farm = site.farm
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 1...2 { group.addTask { _ = try farm.run([campaign, other], every: 50) } }
      try await group.waitForAll()
    }
    #expect(site.ran.map { $0[0] }.sorted() == ["a1", "a2", "a3", "a4", "b1", "b2", "b3", "b4"])
    #expect(try site.jobs().count == 8)
  }

  @Test("tries a preempted target again")
  func preemption() throws {
    let site = try FarmSite()
    for node in ["node2", "node3"] {
      try site.cluster.run("scontrol", "update", "nodename=\(node)", "state=drain", "reason=test")
    }
    let campaign = try site.farm.campaign(of: [
      site.target("a", "[ $(grep -c '^a ' '\(site.workspace.path)/ran') -gt 1 ] || sleep 1000")
    ])
    try site.step(campaign, until: "a runs") { _ in site.ran.contains { $0[0] == "a" } }
    try site.cluster.run("sbatch", "-p", "urgent", "-n2", "-o", "/dev/null", "--wrap", "sleep 1")
    #expect(try site.finish(campaign) == ["a": .done])
    #expect(try site.record("a", in: campaign).cuts == [.preempted: 1])
  }

  @Test("runs targets again that a controller without its state does not know")
  func forgetting() throws {
    let site = try FarmSite()
    let campaign = try site.farm.campaign(of: [
      site.target("a"), site.target("b", after: ["a"], "sleep 1000"),
    ])
    try site.step(campaign, until: "b runs") { _ in site.ran.contains { $0[0] == "b" } }
    try site.cluster.signalController()
    try site.cluster.startController(knowing: false)
    try site.step(campaign, until: "b runs again") { _ in site.ran.count { $0[0] == "b" } == 2 }
    #expect(try site.record("b", in: campaign).cuts == [.forgotten: 1])
    // What was done stays done.
    #expect(site.ran.count { $0[0] == "a" } == 1)
  }

  @Test("submits no more jobs at once than the slice allows")
  func slices() throws {
    var site = try FarmSite()
    site.settings.slice = 2
    let campaign = try site.farm.campaign(
      of: (1...5).map { site.target("a\($0)", after: $0 == 1 ? [] : ["a1"]) })
    var most = 0
    _ = try site.farm.run([campaign], every: 50, changed: { most = max(most, $0.active) })
    #expect(most == 2)
    #expect(site.ran.count == 5)
  }

  @Test("abandons a target that no machine can run, and names the reason")
  func impossible() throws {
    var site = try FarmSite()
    site.settings.constraints = [.riscv64: "riscv64"]
    let campaign = try site.farm.campaign(of: [
      FarmNode(id: "a", name: "a", command: ["true"], architecture: .riscv64),
      FarmNode(id: "b", name: "b", command: ["true"], architecture: .amd64),
    ])
    #expect(try site.finish(campaign) == ["a": .abandoned, "b": .done])
    #expect(try site.record("a", in: campaign).detail?.contains("Invalid feature specification") == true)
  }

  @Test("does not use a machine again whose mirrorctl is missing or older, and gives up without any other")
  func unfit() throws {
    var site = try FarmSite()
    let program = site.workspace.path.appending("mirrorctl").string
    try site.workspace.shell(
      """
      cat > mirrorctl <<'END'
      #!/bin/sh
      case "$(uname -n) $*" in
      "node1 --version" | *" newer --version") echo 0.0.9 ;;
      "node2 --version") exit 1 ;;
      *" --version") echo \(ToolVersion.text) ;;
      esac
      END
      chmod +x mirrorctl
      """)
    site.settings.command = [program]
    let campaign = try site.farm.campaign(of: [
      FarmNode(id: "a", name: "a", command: [program, "a"], build: ["a"])
    ])
    #expect(try site.finish(campaign) == ["a": .done])
    let record = try site.record("a", in: campaign)
    #expect(record.machine == "node3")
    #expect(record.cuts == [.unfit: 2])
    #expect(
      try campaign.record().unfit == [
        "node1": "mirrorctl 0.0.9 is older than \(ToolVersion.text)", "node2": "mirrorctl cannot be run",
      ])
    let report = FarmReport(mirror: "/m", [try campaign.record()])
    #expect(
      report.lines.map { String(decoding: $0.bytes, as: UTF8.self) }.contains(
        "  unfit      node2: mirrorctl cannot be run"))

    site.settings.command = [program, "newer"]
    let other = try site.farm.campaign(of: [
      FarmNode(id: "b", name: "b", command: [program, "newer", "b"], build: ["b"])
    ])
    #expect(try site.finish(other) == ["b": .abandoned])
    let detail = try site.record("b", in: other).detail ?? ""
    #expect(detail.hasPrefix("no machine is fit: node1: mirrorctl 0.0.9 is older"), "\(detail)")
    _ = try other.retry()
    #expect(try other.record().unfit.isEmpty)
  }

  @Test(
    "doubles the limit after a timeout of Slurm, and gives up after the configured number",
    .enabled(if: Soak.isFull, "waits for Slurm's clock: MIRRORCTL_SOAK=full"))
  func time() throws {
    let site = try FarmSite()
    let campaign = try site.farm.campaign(of: [site.target("a", "sleep 1000")])
    for count in 1...2 {
      try site.step(campaign, until: "a runs") { _ in site.ran.count == count }
      let job = try #require(try site.record("a", in: campaign).job)
      let limit = try site.cluster.run("squeue", "-h", "-j", "\(job)", "-o", "%l")
      #expect(limit == (count == 1 ? "10:00\n" : "20:00\n"))
      try site.cluster.run("scontrol", "update", "jobid=\(job)", "EndTime=now+1")
      // Slurm looks every 30 seconds.
      for _ in 1...2 where try site.record("a", in: campaign).cuts[.time] != count {
        try? site.step(campaign, until: "the end of time") { _ in
          (try? site.record("a", in: campaign).cuts[.time]) == count
        }
      }
    }
    #expect(try site.record("a", in: campaign).phase == .abandoned)
  }
}

/// Submits as a run does that is then killed.
private enum SlurmClientPeer {
  static func submit(_ campaign: Campaign, _ site: FarmSite) throws {
    let record = try campaign.record()
    let client = SlurmClient(site.settings, launcher: site.cluster.launcher, cancellation: site.cancellation)
    _ = try client.submit(record.request(for: try #require(record.plan.nodes.first), site.settings))
  }
}

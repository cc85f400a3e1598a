import Foundation
import Glibc
import MirrorTools
import SystemPackage
import TestSupport
import Testing

@testable import StageBuilder

@Suite("mirrorctl farm", .waiting, .enabled(if: FarmSite.isPossible, FarmSite.reason))
struct FarmVerbTests {
  private let site: FarmSite

  init() throws {
    site = try FarmSite()
    try site.workspace.shell(
      """
      printf '%s\\n' '[section farm]' 'engine: slurm' 'memory: 100M' 'logs: \(site.settings.logs)' > .metro
      """)
  }

  private func command(_ arguments: [String]) -> [String] {
    site.cluster.launcher + site.workspace.command(["farm"] + arguments)
  }

  private func farm(_ arguments: String...) throws -> Outcome { try site.workspace.run(command(arguments)) }

  @Test("run, killed again and again, runs each target once")
  func kills() throws {
    let targets = (1...8).map { site.target("a\($0)", after: $0 < 5 ? [] : ["a\($0 - 4)"], "sleep 0.5") }
    let campaign = try site.farm.campaign(of: targets)
    // Each run lives a little longer than the one before.
    for round in 1...200 where try !campaign.record().isFinished {
      let run = try site.workspace.start(
        site.cluster.launcher + ["timeout", "--signal=KILL", "\(0.03 * Double(round))"]
          + site.workspace.command(["farm", "run", "--interval", "1s"]))
      _ = try run.wait()
    }
    #expect(Set(site.phases(try campaign.record()).values) == [.done])
    #expect(site.ran.map { $0[0] }.sorted() == targets.map(\.id))
    #expect(try site.jobs().count == targets.count)
  }

  @Test("is checked by doctor: munge, and machines that were unfit")
  func doctor() throws {
    func doctor() throws -> String {
      let outcome = try site.workspace.run(site.cluster.launcher + site.workspace.command(["doctor"]))
      return outcome.text + outcome.errorText
    }
    let campaign = try site.farm.campaign(of: [site.target("a", "exit 78")])
    try site.cluster.wait("an unfit machine") { try !campaign.step().unfit.isEmpty }
    let sound = try doctor()
    #expect(!sound.contains("munge"), "\(sound)")
    #expect(sound.contains(/node\d: cannot build campaign/), "\(sound)")
    try site.cluster.run("sh", "-c", "kill $(cat /run/munge/pid)")
    let broken = try doctor()
    #expect(broken.contains(/munge: .*start munge/), "\(broken)")
  }

  @Test("shows, cancels and repeats a campaign, and prints logs")
  func verbs() throws {
    let campaign = try site.farm.campaign(of: [
      site.target("good", "echo fine"), site.target("bad", after: ["good"], "echo broken; exit 1"),
      site.target("long", "sleep 1000"), site.target("last", after: ["long"]),
    ])
    #expect(try farm("run", "--once").status == 0)
    try site.cluster.wait("two targets") { Set(["bad", "long"]).isSubset(of: site.ran.map { $0[0] }) }
    try site.cluster.wait("the failure") { try farm("status").text.contains("1 failed") }
    let status = try farm("status")
    #expect(
      status.text.contains("campaign \(campaign.id): 4 targets: 1 queued, 1 running, 1 done, 1 failed\n"))
    #expect(status.text.contains(/\n  failed     bad, target bad, job \d+ on node\d, exit status 1\n/))
    #expect(try farm("status", "--json").status == 0)
    #expect(try farm("logs", campaign.id, "bad").text.contains("\nbroken\n"))
    #expect(try farm("logs", campaign.id, "long").text.contains(":long:1 on node"))

    #expect(try farm("cancel", campaign.id).text.contains("1 done, 1 failed, 2 cancelled"))
    try site.cluster.wait("no job") { try site.cluster.run("squeue", "-h").isEmpty }
    #expect(try farm("run").status == 3)
    let retry = try farm("retry", campaign.id, "bad")
    #expect(retry.text.contains("try 2"))
    let run = try farm("run", "--interval", "1s")
    #expect(run.status == 3, "\(run.errorText)")
    #expect(site.ran.count { $0[0] == "bad" } == 2)
  }

  @Test("status shows what is recorded while the controller is away")
  func absence() throws {
    let campaign = try site.farm.campaign(of: [site.target("a", "sleep 1000")])
    try campaign.step()
    try site.cluster.signalController()
    let status = try farm("status")
    #expect(status.status == 3)
    #expect(status.text.contains("1 target: 1 queued"))
    #expect(status.errorText.contains("Unable to contact slurm controller"))
    // Cancelling is remembered.
    #expect(try farm("cancel", campaign.id).status == 1)
    try site.cluster.startController()
    // Nothing was done.
    #expect(try farm("run", "--interval", "1s").status == 1)
    try site.cluster.wait("no job") { try site.cluster.run("squeue", "-h").isEmpty }
  }
}

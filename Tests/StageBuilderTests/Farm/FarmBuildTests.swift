import Foundation
import MirrorTools
import SystemPackage
import TestSupport
import Testing

@testable import StageBuilder

@Suite(
  "mirrorctl farm submit", .waiting, .enabled(if: FarmSite.isPossible, FarmSite.reason),
  .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct FarmBuildTests {
  private static let subarch = "gentoo/x86-64bit"

  @Test("builds what is due on the nodes, once, and records it as `build` does")
  func due() throws {
    let site = try FarmBuildSite(
      """
      [section rotation]
      extras/core2: image thumbnail
      extras/generic_64: image thumbnail
      extras/remote: image
      """)
    let plan = try site.run("farm", "submit", "--due", "--pretend", "--json")
    #expect(plan.status == 0, "\(plan.errorText)")
    #expect(try site.run("build", "--due", "--pretend", "--json").text == plan.text)
    #expect(try site.farm.farm.campaigns().isEmpty)

    try site.open(false)
    let first = try site.run("farm", "submit", "--due")
    #expect(first.status == 0, "\(first.errorText)")
    #expect(first.text.contains(/^campaign \S+: 12 targets: 12 queued\n/), "\(first.text)")
    let again = try site.run("farm", "submit", "--due", "--json")
    #expect(again.status == 0 && again.text.filter { !$0.isWhitespace }.contains(#""campaigns":[]"#))
    #expect(again.errorText.contains("\(Self.subarch)/core2: is part of campaign "), "\(again.errorText)")
    #expect(try site.farm.jobs().count == 12)

    try site.open(true)
    let states = try site.finish()
    #expect(states.count == 12)
    #expect(Set(states.values) == ["done"], "\(states)")
    let version = try #require(site.graph.text("remote", ".control/version/stage3")).prefix(10)
    for name in ["generic_64", "core2", "remote"] {
      #expect(site.graph.text(name, "\(version)/status") == "ok")
      #expect(site.graph.text(name, "\(version)/.targets")?.hasPrefix("stage1\nstage3\nimage\n") == true)
      #expect(site.graph.text(name, ".control/.multi_progress") == nil)
    }
    // It was made on one node from what another one may have made.
    let made = try site.workspace.run([
      "tar", "-xOf",
      "\(site.workspace.mirror)/\(Self.subarch)/remote/\(version)/stage1-remote-gentoo-\(version).tar.xz",
      "./etc/made-from",
    ])
    #expect(made.text.hasPrefix("stage3-core2-gentoo-\(version) "), "\(made.text)")
    #expect(try site.run("farm", "submit", "--due").text == "Builds are current.\n")
    #expect(try site.farm.farm.campaigns().count == 1)
  }

  @Test("stops only what needs a failed target, which counts as a failure of its subarch")
  func failing() throws {
    let site = try FarmBuildSite(
      """
      [section trivial when target is stage3]
      fails: $[broken:lax]
      [section broken when target/subarch is core2]
      : stage3
      """)
    var arguments = ["farm", "submit", "gentoo/", TrivialSite.date]
    func submit(_ more: String...) throws -> Outcome { try site.run(arguments + more) }
    try site.open(false)
    #expect(try submit().status == 0)
    let again = try submit()
    #expect(again.status == 0 && again.errorText.contains("already part of campaign "), "\(again.errorText)")
    #expect(
      try site.run("farm", "submit", "\(Self.subarch)/core2", "full+image", TrivialSite.date).status == 5)
    #expect(try site.farm.jobs().count == 7)
    try site.open(true)
    let states = try site.finish()
    #expect(states.filter { $0.value == "failed" }.map(\.key) == ["\(Self.subarch)/core2 stage3"])
    #expect(
      states.filter { $0.value == "skipped" }.map(\.key).sorted() == [
        "\(Self.subarch)/remote stage1", "\(Self.subarch)/remote stage3",
      ])
    #expect(site.graph.text("generic_64", "\(TrivialSite.date)/status") == "ok")
    #expect(site.graph.text("core2", "\(TrivialSite.date)/status") == "fail")
    #expect(site.graph.text("core2", ".control/.failcount") == "1\n")
    #expect(site.graph.text("remote", ".control/.failcount") == nil)
    #expect(site.graph.text("remote", "\(TrivialSite.date)/status") == nil)

    // The stage1 of the next version succeeds, which is no success of the subarch.
    arguments = ["farm", "submit", "\(Self.subarch)/core2", "2026-11-23"]
    #expect(try submit().status == 0)
    #expect(try site.finish()["\(Self.subarch)/core2 stage1"] == "done")
    #expect(site.graph.text("core2", ".control/.failcount") == "2\n")

    #expect(try submit("broken:", "none").status == 0)
    #expect(try site.finish() == ["\(Self.subarch)/core2 stage3": "done"])
    #expect(site.graph.text("core2", "2026-11-23/status") == "ok")
    #expect(site.graph.text("core2", ".control/.failcount") == nil)
  }

  @Test("respects the lock of a node until Slurm says that its job is gone, and then builds on another node")
  func deadNode() throws {
    // The first build of a stage1 does not end.
    let site = try FarmBuildSite(
      "",
      preparing: """
        case "$*" in *" build "*) mkdir "${0%/*}/first" 2> /dev/null && set -- "$@" trivial/sleep: 1000 ;; esac
        """)
    try site.open(false)
    #expect(try site.run("snapshot", "gentoo", TrivialSite.date).status == 0)
    let arguments = ["\(Self.subarch)/core2", "stage1", TrivialSite.date]
    #expect(try site.run(["farm", "submit"] + arguments).status == 0)
    let campaign = try #require(try site.farm.farm.campaigns().last)
    let node = try #require(try campaign.record().plan.nodes.first)
    try site.open(true)
    try site.farm.cluster.wait("a lock") { site.graph.text("core2", ".control/.multi_progress") != nil }
    let record = try campaign.look()[node]
    let (machine, job) = (try #require(record.machine), try #require(record.job))
    let other = try site.run(["build"] + arguments)
    #expect(other.status == 10, "\(other.text)\(other.errorText)")
    #expect((other.text + other.errorText).contains(" on \(machine), job \(job))"), "\(other.errorText)")
    try site.farm.cluster.killNode(try #require(machine.last?.wholeNumberValue))
    let (states, logs) = (try site.finish(isSmooth: false), try site.logs())
    #expect(Set(states.values) == ["done"], "\(logs)")
    let last = try campaign.record()[node]
    #expect(last.cuts == [.lost: 1])
    #expect(last.machine != machine)
    #expect(site.graph.text("core2", ".control/.multi_progress") == nil)
  }
}

import Foundation
import MirrorTools
import SystemPackage
import TestSupport
import Testing

@testable import StageBuilder

@Suite(
  "A farm whose nodes have mirrors of their own", .waiting,
  .enabled(if: FarmSite.isPossible, FarmSite.reason),
  .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct FarmMirrorTests {
  private static let subarch = "gentoo/x86-64bit"

  @Test(
    "builds a graph in which a target fails on nodes with the right spec tree; the master has the results")
  func graph() throws {
    // The spec tree of node1 changes after the first stage. Both nodes have a package in common, and one of their own.
    let script = FilePath(#filePath).removingLastComponent().appending("../Portage/make-package")
    let site = try FarmBuildSite(
      """
      [section build]
      binhost: yes
      [section path/cache]
      package: $[path/tmp]/packages
      [section trivial when target is stage3]
      fails: $[broken:lax]
      [section broken when target/subarch is remote]
      : stage3
      """, hasOwnMirrors: true,
      preparing: """
        packages="${XDG_STATE_HOME%/state}/tmp/packages"
        for name in hello "$(uname -n)"; do
          [ -e "$packages/app-misc/$name" ] || '\(script)' "$packages" "app-misc/$name-1.0" 1 MTIME=1480000100
        done
        if [ "$(uname -n)" = node1 ] && [ -e "$MASTER/gentoo/x86-64bit/core2/\(TrivialSite.date)/log/stage1.txt" ]; then
          export MIRRORCTL_CONFIG="${MIRRORCTL_CONFIG%/*}/other.conf"
        fi
        """)
    try site.workspace.shell(
      """
      install=$(sed -n 's/^install: //p' node.conf)
      cp -r "$install" other; echo '# changed' >> other/targets/stage1.spec
      sed "s|^install: .*|install: $PWD/other|" node.conf > other.conf
      """)
    let submitted = try site.run(
      "farm", "submit", "\(Self.subarch)/core2", "\(Self.subarch)/remote", TrivialSite.date)
    #expect(submitted.status == 0, "\(submitted.errorText)")
    let states = try site.finish(isSmooth: false)
    let (record, logs) = (try site.record(), try site.logs())
    #expect(states.count == 5)
    #expect(
      states.filter { $0.value != "done" } == ["\(Self.subarch)/remote stage3": "failed"], "\(logs)")
    #expect(record.unfit == ["node1": "the spec tree is not that of the campaign"])
    #expect(Set(record.plan.nodes.map { record[$0].machine }) == ["node1", "node2"])
    for node in record.plan.nodes { #expect(record[node].cuts.keys.allSatisfy { $0 == .unfit }) }
    let status = try site.run("farm", "status")
    #expect(status.text.contains("  unfit      node1: the spec tree is not that of the campaign\n"))

    #expect(site.graph.text("core2", "\(TrivialSite.date)/status") == "ok")
    #expect(site.graph.text("core2", "\(TrivialSite.date)/log/stage3.inputs.json") != nil)
    #expect(site.graph.text("core2", ".control/version/stage3") == "\(TrivialSite.date)\n")
    #expect(site.graph.text("core2", ".control/.multi_progress") == nil)
    #expect(site.graph.text("core2", ".control/server") == nil)
    #expect(site.graph.text("remote", "\(TrivialSite.date)/status") == "fail")
    #expect(site.graph.text("remote", "\(TrivialSite.date)/log/stage3.txt")?.isEmpty == false)
    #expect(site.graph.text("remote", ".control/.failcount") == "1\n")
    let made = try site.workspace.run([
      "tar", "-xOf",
      "\(site.workspace.mirror)/\(Self.subarch)/remote/\(TrivialSite.date)/stage1-remote-gentoo-\(TrivialSite.date).tar.xz",
      "./etc/made-from",
    ])
    #expect(made.text.hasPrefix("stage3-core2-gentoo-\(TrivialSite.date) "), "\(made.text)\(made.errorText)")
    // The packages of stages, and only those, were uploaded and are in an index of the master.
    let packages = "\(Self.subarch)/binpackages"
    #expect(
      try site.workspace.shell("cd mirror/\(packages); grep -h ^PATH: */Packages; ls").text == """
        PATH: app-misc/hello/hello-1.0-1.gpkg.tar
        PATH: app-misc/node2/node2-1.0-1.gpkg.tar
        core2

        """)
    // What arrived is what was built, and its history is that of the master.
    #expect(try site.run("verify").status == 0)
    let journal = try site.run("journal")
    #expect(journal.text.contains("built \(site.workspace.mirror)/\(Self.subarch)/core2/\(TrivialSite.date)"))
    #expect(try site.workspace.shell("find mirror/.incoming -type f").text.isEmpty)
    // For the master, the builds are done.
    let again = try site.run("farm", "submit", "\(Self.subarch)/core2", TrivialSite.date, "--json")
    #expect(again.text.filter { !$0.isWhitespace }.contains(#""campaigns":[]"#), "\(again.text)")
  }

  @Test("delivers later what was built while the master did not receive, and does not build it again")
  func blocked() throws {
    let site = try FarmBuildSite("", hasOwnMirrors: true)
    try site.drain("node[2-3]")
    try site.workspace.shell("touch blocked")
    // Whoever asks for a date in the future gets it.
    let submitted = try site.run("farm", "submit", "\(Self.subarch)/core2", "stage1", "2099-01-01")
    #expect(submitted.status == 0, "\(submitted.errorText)")
    let campaign = try #require(try site.farm.farm.campaigns().last)
    let snapshot = try #require(try campaign.record().plan.nodes.first)
    try site.farm.cluster.wait("a failed upload") {
      _ = try site.run("farm", "run", "--once")
      return try campaign.record()[snapshot].cuts[.transfer] == 1
    }
    #expect(try campaign.record()[snapshot].lastCut?.contains("deliver to it on node1: ") == true)
    try site.workspace.shell("rm blocked")
    let (states, logs) = (try site.finish(isSmooth: false), try site.logs())
    #expect(Set(states.values) == ["done"], "\(logs)")
    let record = try campaign.record()
    #expect(record[snapshot].tries == 2)
    let log = String(decoding: try campaign.log(of: snapshot), as: UTF8.self)
    #expect(log.contains("already exists"), "\(log)")
  }
}

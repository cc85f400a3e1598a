import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite(
  "Downloads while releases are withdrawn, restored and promoted by runs that are killed",
  .enabled(if: Tool.exists("rsync"), "rsync is not installed"))
struct ReleaseSoakTests {
  private static let rounds = Soak.isFull ? 40 : 1
  private static let subarch = "std/x86/gen"

  @Test("always match the index, here and at a destination")
  func downloads() throws {
    let workspace = try Workspace()
    let site = try PublishSite("master", in: workspace)
    let published = workspace.path.appending("published")
    try workspace.shell("mkdir published")
    try site.configure("[section publish/out]\nto: \(published)\ndelete: yes\nretries: 0")
    try site.build(Self.subarch, "2016-01-01")
    try site.build(Self.subarch, "2016-01-02", seed: 2)
    try site.refresh()
    #expect(try site.run("publish").status == 0)
    var random = Seeded(state: 7)
    let loops = [site.mirror, published].map { EndlessDownloads(Downloader(root: $0), patience: 0) }
    func disturbed(_ arguments: [String]) throws {
      let run = try workspace.start(site.command(arguments))
      usleep(UInt32.random(in: 20_000...400_000, using: &random))
      kill(run.pid, SIGKILL)
      _ = try run.wait()
      let outcome = try workspace.run(site.command(arguments))
      #expect(outcome.status == 0, "\(arguments): \(outcome.errorText)")
    }
    for round in 0..<Self.rounds {
      let (month, day) = (round / 28 + 2, round % 28 + 1)
      let date = "2016-0\(month)-\(day < 10 ? "0" : "")\(day)"
      let version = "\(Self.subarch)/\(date)"
      try site.build(Self.subarch, date, seed: random.next())
      try workspace.shell(
        """
        cd '\(site.mirror)'; printf 'Record: stage3\\n' > \(version)/CANDIDATE
        """)
      for step in [
        ["index"], ["publish"], ["promote", version], ["publish"], ["withdraw", version, "--reason", "bad"],
        ["publish"], ["restore", version], ["publish"], ["withdraw", version, "--reason", "bad", "--delete"],
        ["publish"],
      ] {
        try disturbed(step)
      }
    }
    for loop in loops {
      let (rounds, faults) = loop.end()
      #expect(faults == [])
      #expect(rounds > Self.rounds)
    }
    #expect(try Downloader(root: published).wrongSidecars() == [])
    #expect(try Tree(published).nodes["index.xml"] == Tree(site.mirror).nodes["index.xml"])
  }
}

import Foundation
import Glibc
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// Downloads continuously on its own thread until it is stopped.
final class EndlessDownloads: Sendable {
  private let state = Mutex<(rounds: Int, faults: [String])>((0, []))
  private let isOver = Atomic<Bool>(false)
  private let ended = DispatchSemaphore(value: 0)

  init(_ downloader: Downloader, patience: Int) {
    let thread = Thread { [self] in
      while !isOver.load(ordering: .acquiring) {
        let faults = downloader.faults(patience: patience)
        state.withLock { state in
          state.rounds += 1
          state.faults += faults
        }
      }
      ended.signal()
    }
    thread.start()
  }

  /// Stops; returns the number of complete downloads and the problems found.
  func end() -> (rounds: Int, faults: [String]) {
    isOver.store(true, ordering: .releasing)
    ended.wait()
    return state.withLock { $0 }
  }
}

@Suite(
  "Downloads while publish is killed repeatedly",
  .enabled(if: Tool.exists("rsync"), "rsync is not installed"))
struct PublishSoakTests {
  private static let rounds = Soak.isFull ? 100 : 4

  @Test("always match the index")
  func newVersions() throws {
    try soak(11, by: .path, replaces: false)
  }

  /// Index and tarball cannot be replaced in the same instant, so the downloader retries.
  @Test("match again within a second if tarballs are replaced under the same name")
  func replacedVersions() throws {
    try soak(21, by: .daemon, replaces: true)
  }

  private func soak(_ seed: UInt64, by route: PublishRoute, replaces: Bool) throws {
    let workspace = try Workspace()
    let site = try PublishSite("master", in: workspace)
    let published = workspace.path.appending("published")
    try workspace.shell("mkdir published")
    let daemon = route == .daemon ? try RsyncDaemon(["out": published], in: workspace) : nil
    try site.configure(
      "[section publish/out]\nto: \(daemon?.url("out") ?? "\(published)")\ndelete: yes\nkeep-remote-grace: 0")
    try site.build("std/x86/gen", "2016-01-01")
    try site.refresh()
    #expect(try site.run("publish").status == 0)
    var random = Seeded(state: seed)
    let downloads = EndlessDownloads(Downloader(root: published), patience: replaces ? 100 : 0)
    var kills = 0
    for round in 0..<Self.rounds {
      let day = round + 2
      let date = "2016-\(two(day / 28 + 1))-\(two(day % 28 + 1))"
      let subarch = ["std/x86/gen", "std/arm/v7"].randomElement(using: &random) ?? ""
      let bytes = Int.random(in: 12_500...250_000, using: &random) * 8
      try site.build(subarch, date, bytes: bytes, seed: random.next())
      if replaces {
        let name = "stage3-gen-std-2016-01-01.tar.xz"
        try site.tar(
          "\(site.mirror)/std/x86/gen/2016-01-01/\(name)", bytes: bytes / 2 + 4 * round, seed: random.next())
      }
      try site.refresh()
      // Delete one so that an index falls back to an older one, but not the replaced one.
      let versions = try workspace.shell("cd '\(site.mirror)'; ls -d std/*/*/2* | grep -v 2016-01-01 || true")
        .text
        .split(separator: "\n")
      for version in versions.shuffled(using: &random).dropFirst(2) {
        try workspace.shell("rm -rf '\(site.mirror)/\(version)'")
      }
      // Otherwise deleting the last version would be refused.
      try site.run("forget", "std/arm/v7")
      try site.refresh()
      for _ in 0..<2 {
        let run = try site.start("publish")
        usleep(UInt32.random(in: 50_000...700_000, using: &random))
        if run.isRunning { kills += 1 }
        kill(run.pid, SIGKILL)
        _ = try run.wait()
      }
      let outcome = try site.run("publish")
      #expect(outcome.status == 0, "\(outcome.errorText)")
    }
    let (rounds, faults) = downloads.end()
    #expect(faults == [])
    #expect(rounds > Self.rounds)
    #expect(kills > 0, "every run ended before it was killed")
    let downloader = Downloader(root: published)
    #expect(downloader.faults() == [])
    #expect(try downloader.wrongSidecars() == [])
    let here = try Tree(site.mirror).nodes["index.xml"]
    #expect(try Tree(published).nodes["index.xml"] == here)
    #expect(try Tree(site.mirror).nodes.keys.filter { $0.hasPrefix(".mirrorctl-") } == [])
  }

  private func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

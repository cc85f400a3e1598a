import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// Steps long enough to be interrupted by a signal.
private let slow = """
  [section steps/chroot]
  run: [
  #!/bin/sh
  (sleep 300; echo survived > /etc/daemon) &
  echo began > /etc/built
  sleep $[delay]
  ]
  [section delay]
  : 0.2

  """

@Suite("Interrupted and concurrent builds", .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct InterruptionTests {
  /// Mounts of the machine, and processes of a site's steps.
  private static func traces(of site: BuildSite) throws -> String {
    let mounts = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
      .split(separator: "\n").filter { $0.contains("\(site.workspace.path)") }
    let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int($0) != nil }
      .filter { pid in
        let root = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/root")
        let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe")
        return [root, program].contains { $0?.contains("\(site.workspace.path)/tmp") == true }
      }
    return mounts.joined(separator: "\n") + processes.joined(separator: " ")
  }

  /// Waits until a condition holds, at most 10 s.
  private static func settle(_ isReached: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<200 {
      if try isReached() { return true }
      usleep(50_000)
    }
    return false
  }

  @Test("a build killed at any moment leaves no process, no mount and no damage; the next one works")
  func kill() throws {
    let site = try BuildSite(slow)
    let rounds = Soak.isFull ? 60 : 12
    var random = Seeded(state: 5)
    try site.succeed(["build"] + BuildSite.subarch + ["2026-11-10"])
    let before = try site.workspace.run([
      "sha256sum", site.subarchPath.appending("2026-11-10/stage3-gen-std-2026-11-10.tar.xz").string,
    ]).text
    for round in 0..<rounds {
      // A build that was faster than the signal is the seed of the next ones.
      let version = "2026-11-\(11 + round / 3)"
      let run = try site.workspace.start(site.command(["build"] + BuildSite.subarch + [version]))
      usleep(UInt32.random(in: 0..<1_200_000, using: &random))
      Glibc.kill(run.pid, SIGKILL)
      _ = try run.wait()
      let isClear = try Self.settle { try Self.traces(of: site).isEmpty }
      let traces = try Self.traces(of: site)
      #expect(isClear, "round \(round): \(traces)")
      #expect(site.text(".control/.failcount") == nil, "round \(round)")
      let seed = try #require(site.text(".control/version/stage3")).prefix(10)
      try site.workspace.shell(
        """
        cd mirror/std/x86-64bit/gen; test -e stage3-latest.tar.xz
        test -e \(seed)/stage3-gen-std-\(seed).tar.xz
        for f in */*.tar.xz; do xz -t "$f"; done
        """)
    }
    let last = try site.build("2026-12-01")
    #expect(last.status == 0, "\(last.errorText)")
    #expect(site.text("2026-12-01/status") == "ok")
    #expect(
      try site.workspace.run([
        "sha256sum", site.subarchPath.appending("2026-11-10/stage3-gen-std-2026-11-10.tar.xz").string,
      ]).text == before)
    // Leftovers of killed builds are removed by the next run, or by upkeep.
    #expect(
      try site.workspace.run([
        "find", "\(site.workspace.path)/tmp/work", "\(site.workspace.path)/tmp/run", "!", "-type", "d",
      ]).text == "")
    try site.succeed(["upkeep", "--mirror", site.workspace.mirror.string])
    #expect(try site.workspace.run(["find", site.workspace.mirror.string, "-name", "*.tmp"]).text == "")
  }

  @Test("an interrupted build counts no failure and says how to continue", arguments: [SIGINT, SIGTERM])
  func interrupted(signal: Int32) throws {
    let site = try BuildSite(slow)
    try site.workspace.shell("sed -i 's/^: 0.2/: 60/' conf")
    let run = try site.workspace.start(site.command(["build"] + BuildSite.subarch + ["2026-11-22"]))
    #expect(Self.settle { site.text("2026-11-22/log/stage1.txt")?.contains("steps/chroot/run") == true })
    usleep(100_000)
    Glibc.kill(run.pid, signal)
    let outcome = try run.wait()
    #expect(outcome.status == 128 + signal)
    #expect(outcome.errorText.contains("interrupted"))
    #expect(try Self.traces(of: site).isEmpty)
    #expect(site.text("2026-11-22/status") == nil)
    #expect(site.text(".control/.failcount") == nil)
    #expect(try site.workspace.run(["find", site.subarchPath.string, "-name", "*_progress"]).text == "")
    #expect(
      try site.workspace.run(["find", "\(site.workspace.path)/tmp/work", "!", "-type", "d"]).text == "")
  }

  @Test("the second of two builds of a subarch exits with 10, and counts no failure")
  func meeting() throws {
    let site = try BuildSite(slow)
    try site.workspace.shell("sed -i 's/^: 0.2/: 3/' conf")
    let first = try site.workspace.start(site.command(["build"] + BuildSite.subarch + ["2026-11-22"]))
    #expect(Self.settle { site.text(".control/.multi_progress") != nil })
    let second = try site.build("2026-11-22")
    #expect(second.status == 10)
    #expect(second.errorText.contains(".multi_progress: build in progress (pid \(first.pid))"))
    // The rotation skips it.
    let next = try site.run(["build", "--mirror", site.workspace.mirror.string])
    #expect(next.status == 0)
    #expect(next.text == "Builds are current.\n")
    #expect(try first.wait().status == 0)
    #expect(site.text(".control/.failcount") == nil)
    #expect(site.text("2026-11-22/status") == "ok")
  }

  @Test("two subarches that need the same snapshot share it")
  func sharedSnapshot() throws {
    let site = try BuildSite(slow)
    let other = ["std", "x86-64bit", "core2"]
    try site.succeed(
      ["init"] + other + ["--local", site.workspace.path.appending("stage3-gen-2026-11-01.tar.xz").string])
    let runs = try [BuildSite.subarch, other].map { subarch in
      try site.workspace.start(site.command(["build"] + subarch + ["2026-11-22"]))
    }
    for run in runs {
      let outcome = try run.wait()
      #expect(outcome.status == 0, "\(outcome.errorText)")
    }
    let names = try site.workspace.run(["ls", "\(site.workspace.mirror)/std/snapshots"]).text
    #expect(
      names.split(separator: "\n") == [
        "portage-2026-11-22.tar.xz", "portage-2026-11-22.tar.xz.contents.gz",
        "portage-2026-11-22.tar.xz.hash.txt", "portage-latest.tar.xz", "portage-latest.tar.xz.contents.gz",
        "portage-latest.tar.xz.hash.txt",
      ])
  }

  @Test("upkeep during a build does not touch what the build is writing")
  func upkeep() throws {
    let site = try BuildSite(slow)
    try site.workspace.shell(
      "sed -i 's/^: 0.2/: 1/' conf; head -c 8000000 /dev/urandom > seed/etc/big; tar -C seed -cf mirror/std/x86-64bit/gen/2026-11-01/stage3-gen-std-2026-11-01.tar . ; rm mirror/std/x86-64bit/gen/2026-11-01/*.xz"
    )
    let build = try site.workspace.start(site.command(["build"] + BuildSite.subarch + ["2026-11-22"]))
    var upkeeps = 0
    while build.isRunning {
      let outcome = try site.run(["upkeep", "--mirror", site.workspace.mirror.string])
      #expect(outcome.status == 0, "\(outcome.errorText)")
      upkeeps += 1
    }
    let outcome = try build.wait()
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(upkeeps > 3)
  }
}

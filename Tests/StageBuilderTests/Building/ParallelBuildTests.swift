import Foundation
import Glibc
import TestSupport
import Testing

/// Builds whose steps meet in a directory of the host: the cache of packages.
@Suite("Targets that are built at once", .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct ParallelBuildTests {
  private static let date = "2026-11-22"
  private static let arguments = ["build", "std/x86-64bit", date]

  /// - Parameter run: a script, which finds the directory in `$meet`.
  private static func site(_ run: String, _ text: String = "") throws -> BuildSite {
    let site = try BuildSite(
      """
      \(text)
      [section other when target/subarch is gen]
      : core2
      [section other when target/subarch is core2]
      : gen
      [section steps/chroot]
      run: [
      #!/bin/sh
      set -eu
      meet=/var/tmp/cache/package
      \(run)
      ]

      """)
    try site.succeed(
      ["init", "std", "x86-64bit", "core2", "--local", "\(site.workspace.path)/stage3-gen-2026-11-01.tar.xz"])
    return site
  }

  private static func isOk(_ site: BuildSite) -> Bool {
    ["gen", "core2"].allSatisfy { site.text("/std/x86-64bit/\($0)/\(date)/status") == "ok" }
  }

  private static func settle(_ isReached: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<400 {
      if try isReached() { return true }
      usleep(50_000)
    }
    return false
  }

  @Test("run at the same time")
  func overlap() throws {
    // Each waits for the other one, half a minute at most.
    let site = try Self.site(
      """
      : > $meet/$[target]-$[target/subarch]
      for i in $(busybox seq 300); do
        test -e $meet/$[target]-$[other] && exit 0
        sleep 0.1
      done
      exit 1
      """)
    let outcome = try site.run(Self.arguments + ["--jobs", "2"])
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(Self.isOk(site))
  }

  @Test("wait for each other while memory is short, and do not start while the disk is full")
  func room() throws {
    let site = try Self.site("mkdir $meet/alone; sleep 0.3; rmdir $meet/alone")
    let outcome = try site.run(Self.arguments + ["--jobs", "2", "build/free-memory:", "999T"])
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(Self.isOk(site))
    let full = try site.run(["build", "std/", "2026-11-23", "build/free-disk:", "999T"])
    #expect(full.status == 5, "\(full.errorText)")
    #expect(
      full.errorText.contains("left, and a target needs 999 TiB: delete files there, or set build/free-disk"))
    #expect(full.text.hasSuffix("2 builds: 2 not started\n"), "\(full.text)")
    #expect(site.text(".control/.failcount") == nil)
    #expect(site.text("2026-11-23/status") == nil)
    // What exists needs no room.
    #expect(try site.run(Self.arguments + ["build/free-disk:", "999T"]).status == 0)
    #expect(
      try site.run(Self.arguments + ["build/free-disk:", "much"]).errorText.contains("`much` is not a size"))
  }

  @Test("end when the run is interrupted, and nothing new starts; the next run goes on")
  func interrupted() throws {
    let site = try Self.site("test -e $meet/go || sleep 300")
    let run = try site.workspace.start(site.command(Self.arguments + ["--jobs", "2"]))
    #expect(
      Self.settle {
        ["gen", "core2"].allSatisfy {
          site.text("/std/x86-64bit/\($0)/\(Self.date)/log/stage1.txt")?.contains("steps/chroot/run") == true
        }
      })
    usleep(100_000)
    Glibc.kill(run.pid, SIGINT)
    let outcome = try run.wait()
    #expect(outcome.status == 128 + SIGINT)
    #expect(outcome.text.hasSuffix("2 builds: 2 interrupted\n"), "\(outcome.text)")
    for name in ["gen", "core2"] {
      #expect(site.text("/std/x86-64bit/\(name)/\(Self.date)/status") == nil)
      #expect(site.text("/std/x86-64bit/\(name)/\(Self.date)/log/stage3.txt") == nil)
      #expect(site.text("/std/x86-64bit/\(name)/.control/.failcount") == nil)
    }
    let left = try site.workspace.shell("find mirror -name '*_progress'; find tmp/work tmp/run ! -type d")
      .text
    #expect(left == "")
    try site.workspace.shell(": > tmp/packages/go")
    let next = try site.run(Self.arguments + ["--jobs", "2"])
    #expect(next.status == 0, "\(next.errorText)")
    #expect(next.text.contains("snapshot: already exists\n"))
    #expect(Self.isOk(site))
  }

  @Test("are left to the other run if two runs build the same")
  func two() throws {
    let site = try Self.site(
      "test $[target/subarch] = core2 && exit 0; while ! test -e $meet/go; do sleep 0.1; done")
    let first = try site.workspace.start(site.command(["build", "std/x86-64bit/gen", Self.date]))
    #expect(Self.settle { site.text("\(Self.date)/log/stage1.txt")?.contains("steps/chroot/run") == true })
    let second = try site.run(Self.arguments)
    #expect(second.status == 10, "\(second.errorText)")
    #expect(second.errorText.contains(".multi_progress: build in progress (pid \(first.pid))"))
    #expect(second.text.hasSuffix("2 builds: 1 done, 1 busy\n"), "\(second.text)")
    #expect(site.text("/std/x86-64bit/core2/\(Self.date)/status") == "ok")
    try site.workspace.shell(": > tmp/packages/go")
    #expect(try first.wait().status == 0)
    #expect(Self.isOk(site))
    #expect(site.text(".control/.failcount") == nil)
  }
}

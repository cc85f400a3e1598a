import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import LinuxSystem
@testable import MirrorModel
@testable import MirrorTools
@testable import StageBuilder

@Suite("doctor for a mirror that is only kept", .enabled(if: Tool.exists("rsync"), "rsync is not installed"))
struct KeeperDoctorTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.shell(
      """
      mkdir -p mirror/std/x86-64bit/gen/2026-11-01 destination
      echo ok > mirror/std/x86-64bit/gen/2026-11-01/status
      echo x | xz > mirror/std/x86-64bit/gen/2026-11-01/stage3-gen-std-2026-11-01.tar.xz
      """)
    try configure("")
  }

  private func configure(_ text: String) throws {
    try Data("path/mirror: \(workspace.mirror)\n\(text)\n".utf8).write(
      to: URL(fileURLWithPath: "\(workspace.path)/.metro"))
  }

  private func doctor(_ arguments: String...) throws -> Outcome {
    try workspace.run([Program.path.string, "doctor"] + arguments)
  }

  @Test("a kept mirror needs no tools of builds; what is skipped is named, and can be asked for")
  func kept() throws {
    try configure("[section publish/www]\nto: \(workspace.path)/destination")
    #expect(try workspace.mirrorctl("upkeep").status == 0)
    let before = try Tree(workspace.path)
    let outcome = try doctor()
    #expect(outcome.status == 0, "\(outcome.text)")
    for line in [
      "ok: mirror: \(workspace.mirror): 1 subarch", "ok: lock: free",
      "ok: catalog: \(workspace.path)/", "skipped: signing/key: ",
      "ok: publish www: \(workspace.path)/destination can be reached", "ok: path/mirror (",
      "skipped: builds: ",
    ] {
      #expect(outcome.text.contains("\(line)"), "\(line) in \(outcome.text)")
    }
    #expect(!outcome.text.contains("namespaces: ") && !outcome.text.contains("missing: "))
    #expect(try Tree(workspace.path) == before, "nothing is changed")
    #expect(try doctor("--builds").text.contains(": namespaces: "))
    try configure("[section rotation]\nsubarches: gen")
    #expect(try doctor().text.contains(": namespaces: "))
    try configure("")
    try workspace.shell("mkdir -p mirror/std/x86-64bit/gen/.control/strategy")
    try workspace.shell("echo local > mirror/std/x86-64bit/gen/.control/strategy/build")
    #expect(try doctor().text.contains(": namespaces: "))
  }

  @Test("destinations that cannot be reached, a broken catalog and the holder of the lock are reported")
  func troubles() throws {
    try configure(
      """
      [section publish/daemon]
      to: rsync://127.0.0.1:9/module
      [section publish/disk]
      to: \(workspace.path)/nowhere
      [section publish/shell]
      to: example:/srv
      rsh: false
      """)
    #expect(try workspace.mirrorctl("digestgen").status == 0)
    try workspace.shell(
      """
      catalog=$(find . -name '*.sqlite'); printf X | dd of="$catalog" bs=1 seek=0 conv=notrunc status=none
      echo "\(getpid()) $(uname -n) clean" > mirror/.mirrorctl.lock
      """)
    let outcome = try doctor("--json")
    #expect(outcome.status == 1)
    #expect(try OutputSchema.problem(of: outcome.output, by: ["doctor", "--json"]) == nil)
    let text = try doctor().text
    for line in [
      "ok: lock: held by mirrorctl clean, pid \(getpid()) on ", ": the catalog is damaged: ",
      "missing: publish daemon: the connection failed",
      "missing: publish disk: cannot write to \(workspace.path)/nowhere: No such file",
      "missing: publish shell: ",
    ] {
      #expect(text.contains(line), "\(line) in \(text)")
    }
  }

  @Test("a destination that accepts the connection and says nothing is given up after the limit")
  func silent() throws {
    let shell = "\(workspace.path)/silent"
    try workspace.shell("printf '#!/bin/sh\\nexec sleep 600\\n' > silent; chmod +x silent")
    var destination = PublishDestination(name: "www", to: .shell(host: "example", path: "/srv"))
    destination.shell = [shell]
    let problem = try #require(
      DestinationCheck([destination], within: 1, Cancellation()).problems().first.flatMap { $0 })
    #expect(problem.description.hasPrefix("publish www: did not answer within 1 second: "))
  }

  @Test("files that were changed in the future show that the clock is wrong")
  func future() throws {
    let found = try MirrorScanner(
      root: workspace.mirror, layout: .metro, kinds: .builtIn, now: SystemClock.seconds
    ).scan()
    func clock(_ offset: Int64) throws -> UpkeepFacts.Clock {
      try UpkeepFacts.gather(
        workspace.mirror, found, MirrorConfiguration(), stateDirectory: workspace.path.appending("state"),
        now: SystemClock.seconds + offset, Cancellation()
      ).clock
    }
    #expect(try clock(0).laterFiles == 0)
    let early = try clock(-3600)
    #expect(early.laterFiles == 1 && early.laterFile?.hasSuffix("/stage3-gen-std-2026-11-01.tar.xz") == true)
  }
}

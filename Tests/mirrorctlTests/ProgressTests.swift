import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import LinuxSystem
@testable import mirrorctl

@Suite("Progress on a terminal") struct ProgressTests {
  private func line(
    _ bytes: (Int64, Int64), _ files: (Int64, Int64) = (0, 0), columns: Int = 80, after seconds: Int = 10
  ) -> String {
    let now = RunProgress.Snapshot(step: "signing", began: .now, bytes: bytes, files: files)
    return ProgressLine.text(now, after: .seconds(seconds), columns: columns)
  }

  @Test("shows the share done, the rate and the time left, or the time that has passed")
  func text() {
    #expect(
      line((50 << 20, 200 << 20), (3, 8)) == "signing 25%  3/8 files  5.0 MiB/s  0:00:30 left")
    // The first file is not done yet: the clock shows that something happens.
    #expect(line((0, 200 << 20), (0, 8), after: 65) == "signing 0%  0/8 files  0:01:05")
    #expect(line((0, 0), (2, 8)) == "signing  2/8 files  0:00:10")
    #expect(line((0, 0)) == "signing  0:00:10")
    #expect(line((20 << 20, 0)) == "signing 20 MiB  2.0 MiB/s")
    #expect(line((300, 200), after: 0) == "signing 100%  0:00:00")
    #expect(line((.max, .max), (.max, .max), columns: 200).hasPrefix("signing 100%  "))
  }

  @Test("leaves out what has no room, and never fills the last column", arguments: 1...60)
  func narrow(columns: Int) {
    let line = line((50 << 20, 200 << 20), (3, 8), columns: columns)
    #expect(line.count < max(2, columns))
    let whole = "signing 25%  3/8 files  5.0 MiB/s  0:00:30 left"
    #expect(columns <= whole.count || line == whole)
    #expect(columns < 30 || line.contains("0:00:30 left"), "\(line)")
    #expect(columns < 12 || line.hasPrefix("signing 25%"), "\(line)")
  }

  @Test("shows parts side by side, and what a part waits for")
  func parts() throws {
    let progress = RunProgress()
    progress.begin("publishing to", bytes: 0, files: 0)
    progress.withPart("www") { www in
      www.begin("sending", bytes: 200, files: 0)
      www.set(bytes: 20)
      #expect(progress.snapshot.step == "www: sending" && progress.snapshot.bytes == (20, 200))
      progress.withPart("ftp") { ftp in
        ftp.begin("sending", bytes: 100, files: 0)
        ftp.set(bytes: 7)
        #expect(progress.snapshot.step == "publishing to www, ftp")
        #expect(progress.snapshot.bytes == (27, 300))
        ftp.pausing("retry 1 of 4 in 2 s") {
          #expect(progress.snapshot.step == "publishing to www, ftp (retry 1 of 4 in 2 s)")
        }
      }
      www.pausing("retry 2 of 4 in 4 s") {
        #expect(progress.snapshot.step == "www: retry 2 of 4 in 4 s")
      }
      #expect(progress.snapshot.bytes == (20, 200))
    }
    progress.end()
    #expect(progress.snapshot.step == "")
  }

  @Test(
    "waiting for the lock is shown on a terminal with the holder, and never on a pipe",
    .enabled(if: Tool.exists("script"), "script(1) is not installed"))
  func lock() throws {
    let workspace = try Workspace()
    try FaultMirror.make("mirror", in: workspace)
    try workspace.shell("echo \"\(getpid()) $(uname -n) upkeep\" > mirror/.mirrorctl.lock")
    let file = FilePath("\(workspace.mirror)/.mirrorctl.lock")
    let lock = try FileDescriptor.open(file, .readOnly)
    defer { try? lock.close() }
    #expect(flock(lock.rawValue, LOCK_EX) == 0)
    let command = workspace.command(["clean", "--apply", "--keep", "1", "--lock-wait", "2"])
    let piped = try workspace.run(command)
    #expect(piped.status == 10 && !piped.errorText.contains("waiting"), "\(piped.errorText)")
    let words = command.map { "'\($0)'" }.joined(separator: " ")
    let shown = try workspace.run([
      "env", "TERM=xterm", "script", "-qec", "stty cols 70; \(words)", "/dev/null",
    ])
    #expect(
      shown.text.contains("waiting for another run (mirrorctl upkeep, pid \(getpid()) on "), "\(shown.text)")
    #expect(shown.text.contains("\u{1b}[K"), "the line is erased")
  }
}

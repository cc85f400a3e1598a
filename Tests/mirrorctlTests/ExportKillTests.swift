import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// Exports that are killed at random moments. Every format has a line in the table.
@Suite("export that is killed") struct ExportKillTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let image: String
    var settings: [String] = []
    /// Whether equal input gives equal bytes.
    var isReproducible = true
    var testDescription: String { image }
  }

  static let cases = [
    Case(image: "x.oci.tar", settings: ["level=1"]), Case(image: "x.squashfs", settings: ["level=1"]),
    Case(image: "x.erofs"), Case(image: "x.wsl", settings: ["level=1"]),
    Case(image: "x.nspawn.tar.xz", settings: ["level=1"]),
    Case(image: "x.iso", settings: ["squashfs/level=1"]),
  ]

  /// How often each is killed.
  private static let rounds = ProcessInfo.processInfo.environment["MIRRORCTL_SOAK"] == "full" ? 150 : 4

  @Test(
    "leaves no half file under its name, no process and no mount, and the next run leaves nothing but the image",
    arguments: cases)
  func killed(format: Case) throws {
    let site = try ExportSite()
    let workspace = site.workspace
    if format.image.hasSuffix(".iso") { try site.makeBootable() }
    try workspace.shell(
      "seq 1 900000 > root/usr/share/text; head -c 6000000 /dev/urandom > root/usr/share/noise; mkdir out")
    let arguments =
      ExportSite.epoch + format.settings.flatMap { ["--set", $0] } + ["@root", "@out/\(format.image)"]
    let begin = ContinuousClock.now
    try #require(try site.export(arguments).status == 0)
    let duration = ContinuousClock.now - begin
    try workspace.shell("ls -A out > expected; mv out reference; mkdir out")
    var random = Seeded(state: format.image.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
    for round in 0..<Self.rounds {
      let run = try RunningProgram(
        [Program.path.string, "export"] + site.expanded(arguments), environment: workspace.environment)
      let time = duration * Double.random(in: 0..<1.1, using: &random)
      usleep(UInt32(time.components.seconds * 1_000_000 + time.components.attoseconds / 1_000_000_000_000))
      kill(run.pid, SIGKILL)
      _ = try run.wait()
      try workspace.shell(
        """
        test ! -e out/\(format.image) || \(Self.comparison(format, "out", "reference"))
        ! grep -F "$PWD" /proc/self/mounts
        """)
      #expect(try Self.waitForEnd(of: "\(workspace.path)/"), "round \(round): a process goes on")
      let next = try site.export(arguments)
      #expect(next.status == 0, "round \(round): \(next.errorText)")
      try workspace.shell(
        "ls -A out | diff expected -; \(Self.comparison(format, "out", "reference")); rm -r out; mkdir out")
    }
  }

  private static func comparison(_ format: Case, _ one: String, _ other: String) -> String {
    format.isReproducible
      ? "cmp \(one)/\(format.image) \(other)/\(format.image)" : "test -s \(one)/\(format.image)"
  }

  /// Waits until no process has a path in its arguments.
  private static func waitForEnd(of path: String) throws -> Bool {
    for _ in 0..<600 {
      let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int($0) != nil }
      let found = processes.contains { process in
        let words = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") ?? Data()
        return words.range(of: Data(path.utf8)) != nil
      }
      if !found { return true }
      usleep(50_000)
    }
    return false
  }
}

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
    Case(image: "x.nspawn.tar.xz", settings: ["level=1"]), Case(image: "x.raw", settings: disk("")),
    Case(image: "x.qcow2", settings: disk("")),
    Case(image: "x.incus.tar.xz", settings: ["squashfs/level=1", "disk=yes"] + disk("disk/")),
    Case(image: "x.iso", settings: ["squashfs/level=1"]),
  ]

  /// The settings of a small disk.
  private static func disk(_ prefix: String) -> [String] { ["size=220M", "esp=40M"].map { prefix + $0 } }

  /// How often each is killed.
  private static let rounds = Soak.isFull ? 150 : 2

  @Test(
    "leaves no half file under its name, no process and no mount, and the next run leaves nothing but the image",
    arguments: cases)
  func killed(format: Case) throws {
    let site = try ExportSite()
    let workspace = site.workspace
    try workspace.shell(
      "seq 1 400000 > root/usr/share/text; head -c 3000000 /dev/urandom > root/usr/share/noise; mkdir out")
    try makeBootable(site, isDisc: format.image.hasSuffix(".iso"))
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
      // Each round has a part of the time of an export.
      let time = duration * (Double(round) + .random(in: 0..<1, using: &random)) * 1.1 / Double(Self.rounds)
      usleep(UInt32(time.components.seconds * 1_000_000 + time.components.attoseconds / 1_000_000_000_000))
      kill(run.pid, SIGKILL)
      _ = try run.wait()
      // The image gets its name after the files beside it.
      try workspace.shell(
        """
        \(Self.comparison(format))
        test ! -e out/\(format.image) || ls out | diff expected -
        ! grep -F "$PWD" /proc/self/mounts
        """)
      #expect(try Self.waitForEnd(of: "\(workspace.path)/"), "round \(round): a process goes on")
      let next = try site.export(arguments)
      #expect(next.status == 0, "round \(round): \(next.errorText)")
      try workspace.shell(
        "ls -A out | diff expected -; \(Self.comparison(format)); rm -r out; mkdir out")
    }
  }

  /// Adds what disks and live images need.
  private func makeBootable(_ site: ExportSite, isDisc: Bool) throws {
    guard !isDisc else { return try site.makeBootable() }
    try site.workspace.shell(
      """
      mkdir -p root/boot root/usr/lib/systemd/boot/efi; echo kernel > root/boot/vmlinuz-6.12; echo > root/boot/initrd-6.12
      for name in x64 aa64; do echo loader > root/usr/lib/systemd/boot/efi/systemd-boot$name.efi; done
      """)
  }

  /// Fails unless every file that has its name is complete.
  private static func comparison(_ format: Case) -> String {
    let check = format.isReproducible ? "cmp $file reference/${file#out/}" : "test -s $file"
    return "for file in out/*; do test ! -e $file || \(check); done"
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

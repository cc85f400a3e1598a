import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("Builds of an older date", .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct OlderBuildTests {
  private static let steps = """
    [section steps/chroot]
    run: [
    #!/bin/sh
    echo x > /etc/built
    ]

    """
  private static let records = ["stage1", "stage3", "stage4/openvz"]

  private func build(_ site: BuildSite, _ date: String, _ definitions: String...) throws {
    try site.succeed(["build"] + BuildSite.subarch + ["full+openvz", date] + definitions)
  }

  /// The links to stages, images and snapshots, and their targets.
  private func links(_ site: BuildSite) throws -> String {
    try site.workspace.shell(
      "cd mirror; find . -type l ! -name '*.txt' ! -name '*.gz' ! -name '*.json' -printf '%P %l\\n' | sort"
    )
    .text
  }

  private func recorded(_ site: BuildSite) -> [String?] {
    Self.records.map { site.text(".control/version/\($0)") }
  }

  @Test("leave links and records as they are, whatever their compression, and say so")
  func older() throws {
    let site = try BuildSite(Self.steps)
    try build(site, "2026-11-22")
    let before = try links(site)
    #expect(before.split(separator: "\n").count == 4, "\(before)")
    // Its links would have other names.
    for (date, compress) in [("2026-11-10", "now"), ("2026-11-11", "later")] {
      try build(site, date, "capture/compress:", compress)
      #expect(try links(site) == before)
      #expect(recorded(site) == ["2026-11-22\n", "2026-11-22\n", "2026-11-22\n"])
      #expect(site.text("\(date)/status") == "ok")
      let log = site.text("\(date)/log/stage3.txt") ?? ""
      let stage = "std/x86-64bit/gen/2026-11-22/stage3-gen-std-2026-11-22.tar.xz"
      #expect(log.contains("-latest.tar"), "\(log)")
      #expect(log.contains(" is not moved: \(stage) is newer\n"), "\(log)")
      #expect(log.contains(" .control/version/stage3 is kept: 2026-11-22 is newer\n"), "\(log)")
    }
  }

  @Test("move them if they are built again on the same date, or if the newer version is gone")
  func same() throws {
    let site = try BuildSite(Self.steps + "[section metro]\noptions: replace\n")
    try build(site, "2026-11-22")
    let before = try links(site)
    try build(site, "2026-11-22", "target/compression:", "zst")
    #expect(try links(site).contains("stage3-latest.tar.zst 2026-11-22/stage3-gen-std-2026-11-22.tar.zst\n"))
    try site.workspace.shell(
      "find mirror -name '*2026-11-22*.zst*' -delete; find mirror -type l -name '*.zst*' -delete")
    try site.workspace.shell(
      "rm -r mirror/std/x86-64bit/gen/2026-11-22 mirror/std/snapshots/portage-2026-11-22*")
    // The seed of the next build.
    try site.workspace.shell("echo 2026-11-01 > mirror/std/x86-64bit/gen/.control/version/stage3")
    try build(site, "2026-11-10")
    #expect(try links(site) == before.replacing("2026-11-22", with: "2026-11-10"))
    #expect(recorded(site) == ["2026-11-10\n", "2026-11-10\n", "2026-11-10\n"])
  }
}

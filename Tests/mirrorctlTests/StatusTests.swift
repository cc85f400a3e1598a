import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import mirrorctl

@Suite("Metrics for monitoring")
struct MetricsTests {
  @Test("are accepted by promtool, and match the mirror")
  func metrics() throws {
    let workspace = try Workspace()
    try workspace.shell(
      """
      cd mirror; mkdir -p 'a/b"c/d\\e/.control' a/b/never/.control; echo 2 > 'a/b"c/d\\e/.control/.failcount'
      mkdir 'a/b"c/d\\e/2026-11-01'; cd 'a/b"c/d\\e/2026-11-01'; printf ok > status
      echo x | xz > stage3-e-a-2026-11-01.tar.xz; echo y | xz > lxd-e-a-2026-11-01.tar.xz
      mkdir ../../../snapshots; cd ../../../snapshots
      echo s | xz > portage-2026-11-02.tar.xz; echo other | xz > portage-2026-10-31.tar.xz
      echo m | zstd -q > meta-repo-2026-11-01.tar.zst
      """)
    try #require(try workspace.mirrorctl("upkeep").status == 0)
    try workspace.shell(
      """
      mkdir out; printf '[section publish/%s]\\nto: %s\\n' here "$PWD/out" there "$PWD/not/there" > .metro
      """)
    #expect(try workspace.mirrorctl("publish").status == 3)
    // Damage without a change of the modification time.
    try workspace.shell(
      """
      cd 'mirror/a/b"c/d\\e/2026-11-01'; t=$(stat -c %.9Y lxd-e-a-2026-11-01.tar.xz)
      printf z | dd of=lxd-e-a-2026-11-01.tar.xz conv=notrunc status=none; touch -d @$t lxd-e-a-2026-11-01.tar.xz
      rm stage3-e-a-2026-11-01.tar.xz.hash.txt ../../../snapshots/portage-2026-10-31.tar.xz.hash.txt
      """)
    #expect(try workspace.mirrorctl("verify").status == 4)
    let file = workspace.path.appending("mirrorctl.prom").string
    #expect(try workspace.mirrorctl("status", "--format", "prometheus", "--output", file).text == "")
    let judged = try workspace.shell("promtool check metrics < mirrorctl.prom 2>&1")
    #expect(judged.text == "")
    let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: file)), as: UTF8.self)
    let lines = text.split(separator: "\n")
    let mirror = "mirror=\"\(workspace.mirror)\""
    let labels = "{\(mirror),build=\"a\",arch=\"b\\\"c\",subarch=\"d\\\\e\"}"
    for expected in [
      "mirrorctl_subarch_failcount\(labels) 2", "mirrorctl_subarch_versions\(labels) 1",
      "mirrorctl_subarch_bytes\(labels) 120", "mirrorctl_subarch_undigested_tarballs\(labels) 1",
      "mirrorctl_subarch_newest_stage_timestamp_seconds\(labels) 1793491200",
      "mirrorctl_corrupt_tarballs{\(mirror)} 1", "mirrorctl_scan_problems{\(mirror)} 0",
      "mirrorctl_run_exit_status{\(mirror),verb=\"upkeep\"} 0",
      "mirrorctl_run_exit_status{\(mirror),verb=\"verify\"} 4",
      "mirrorctl_snapshot_newest_timestamp_seconds{\(mirror),build=\"a\",snapshot=\"portage\"} 1793577600",
      "mirrorctl_snapshot_newest_timestamp_seconds{\(mirror),build=\"a\",snapshot=\"meta-repo\"} 1793491200",
      "mirrorctl_snapshot_tarballs{\(mirror),build=\"a\",snapshot=\"portage\"} 2",
      "mirrorctl_snapshot_bytes{\(mirror),build=\"a\",snapshot=\"portage\"} 124",
      "mirrorctl_snapshot_undigested_tarballs{\(mirror),build=\"a\",snapshot=\"portage\"} 1",
      "mirrorctl_publish_exit_status{\(mirror),destination=\"here\"} 0",
      "mirrorctl_publish_exit_status{\(mirror),destination=\"there\"} 1",
    ] {
      #expect(lines.contains { $0 == expected }, "\(expected)\nis not in\n\(text)")
    }
    #expect(
      !text.contains("newest_stage_timestamp_seconds{\(mirror),build=\"a\",arch=\"b\",subarch=\"never\""))
    #expect(
      lines.contains { $0.hasPrefix("mirrorctl_run_success_timestamp_seconds{\(mirror),verb=\"upkeep\"}") })
    #expect(
      !lines.contains { $0.hasPrefix("mirrorctl_run_success_timestamp_seconds{\(mirror),verb=\"verify\"}") })
    #expect(
      lines.contains {
        $0.hasPrefix("mirrorctl_publish_success_timestamp_seconds{\(mirror),destination=\"here\"}")
      })
    #expect(!text.contains("publish_success_timestamp_seconds{\(mirror),destination=\"there\"}"))
    try workspace.shell("sed -i '/there/,$d' .metro")
    let later = try workspace.mirrorctl("status", "--format", "prometheus").text
    #expect(
      later.contains("destination=\"here\"") && !later.contains("destination=\"there\""),
      "it would alarm for ever")
  }

  @Test("of a failed run keep the time of the last success")
  func lastSuccess() throws {
    let workspace = try Workspace()
    try workspace.shell(
      "mkdir -p mirror/a/b/c/2026-11-01; cd mirror/a/b/c/2026-11-01; printf ok > status; echo x | xz > s.tar.xz"
    )
    try #require(try workspace.mirrorctl("upkeep").status == 0)
    let pattern = "success_timestamp_seconds"
    func success() throws -> [Substring] {
      try workspace.mirrorctl("status", "--format", "prometheus").text.split(separator: "\n").filter {
        $0.contains(pattern) && !$0.hasPrefix("#")
      }
    }
    let first = try success()
    #expect(first.count == 1)
    try workspace.shell("mkdir mirror/index.json; sleep 1")
    #expect(try workspace.mirrorctl("upkeep").status == 1)
    #expect(try success() == first)
    #expect(try workspace.mirrorctl("status", "--format", "prometheus").text.contains("verb=\"upkeep\"} 1"))
  }
}

@Suite("The history of builds")
struct HistoryTests {
  @Test("outlives the versions, and contains the result of each build")
  func outlives() throws {
    let workspace = try Workspace()
    try workspace.shell(
      """
      cd mirror; mkdir -p a/b/c/2026-11-01 a/b/c/2026-11-02 a/b/c/2026-11-03 a/b/none/.control
      for v in 2026-11-01 2026-11-02; do printf ok > a/b/c/$v/status; echo x | xz > a/b/c/$v/stage3-c-a-$v.tar.xz; done
      printf fail > a/b/c/2026-11-03/status
      """)
    let expected = """
      \(workspace.mirror)/a/b/c
        2026-11-03 fail
        2026-11-02 ok   60 B
        2026-11-01 ok   60 B
      \(workspace.mirror)/a/b/none
        never built

      """
    #expect(
      try workspace.mirrorctl("status", "--history").text == expected, "before anything is written down")
    try #require(try workspace.mirrorctl("upkeep", "--keep", "1").status == 0)
    try workspace.shell("test ! -e mirror/a/b/c/2026-11-01; printf ok > mirror/a/b/c/2026-11-03/status")
    try #require(try workspace.mirrorctl("upkeep").status == 0)
    let after = try workspace.mirrorctl("status", "--history").text
    #expect(after.hasPrefix("\(workspace.mirror)/a/b/c\n  2026-11-03 ok  "), "\(after)")
    #expect(after.contains("\n  2026-11-03 fail\n  2026-11-02 ok   60 B\n"), "\(after)")
    let last = try workspace.mirrorctl("status", "--history", "--last", "1", "--json").text
    #expect(last.contains("\"outcome\" : \"ok\"") && !last.contains("fail") && !last.contains("2026-11-02"))
    #expect(try workspace.mirrorctl("status", "--history", "--format", "prometheus").status == 64)
  }
}

@Suite("The table of status") struct StatusTableTests {
  @Test("fits the terminal: artifacts, sizes and dates are left out first, then paths are cut at the start")
  func widths() throws {
    let mirror = try GoldenMirror()
    mirror.run("digestgen")
    // Wide characters, a combining one, and a control character.
    try mirror.workspace.shell(
      """
      cd mirror; cp -a funtoo-current/x86-64bit/core2_64 funtoo-current/x86-64bit/日本語-e\u{301}
      mkdir -p "$(printf 'funtoo-current/x86-64bit/\\033[2J/.control')"
      printf X | dd of=1.4-release-std/x86-64bit/generic_64/2026-11-17/stage3-generic_64-1.4-release-std-2026-11-17.tar.xz \
        bs=1 seek=100 conv=notrunc status=none
      find 1.4-release-std/x86-64bit/generic_64/2026-11-17 -name "stage3-*.xz" -exec touch -d '2026-11-21 10:00 UTC' {} +
      """)
    #expect(mirror.run("verify").status == 4)
    for (columns, hasColor) in [
      (120, false), (120, true), (80, false), (60, false), (40, false), (20, false),
    ] {
      let run = mirror.run(
        ["status"], environment: ["MIRRORCTL_MIRROR": "\(mirror.root)"],
        screen: Screen(columns: columns, hasColor: hasColor))
      #expect(run.status == 0)
      try Golden.expect(run.text, is: "status-table-\(columns)\(hasColor ? "-color" : "")")
      let lines = String(decoding: run.output, as: UTF8.self).split(separator: "\n")
      #expect(hasColor || columns < 40 || lines.allSatisfy { TextWidth.of(String($0)) <= columns })
    }
    let plain = mirror.run("status").output
    for arguments in [["status", "--plain"], ["status", "-o", "-"]] {
      let run = mirror.run(
        arguments, environment: ["MIRRORCTL_MIRROR": "\(mirror.root)"],
        screen: Screen(columns: 80, hasColor: true))
      #expect(run.output == plain)
    }
  }

  @Test(
    "is printed on a terminal only, with color unless NO_COLOR or TERM=dumb",
    .enabled(if: Tool.exists("script")))
  func terminal() throws {
    let workspace = try Workspace()
    try workspace.shell(
      """
      mkdir -p mirror/a/b/c/.control mirror/a/b/new/.control; echo 2 > mirror/a/b/c/.control/.failcount
      echo \(ProcessInfo.processInfo.processIdentifier) > mirror/a/b/new/.control/.multi_progress
      """)
    func onTerminal(_ environment: String, _ arguments: String = "") throws -> String {
      let command = "stty rows 24 cols 72; \(Program.path) status --mirror \(workspace.mirror) \(arguments)"
      let variables = environment.split(separator: " ").map(String.init)
      let outcome = try workspace.run(["env"] + variables + ["script", "-qec", command, "/dev/null"])
      #expect(outcome.status == 0)
      return outcome.text.replacing("\r\n", with: "\n")
    }
    let plain = """
      STATE       AGE  NEWEST  SIZE  SUBARCH  ARTIFACTS
      failing 2×    -  -          -  a/b/c
      building      -  -          -  a/b/new

      """
    #expect(try onTerminal("TERM=dumb") == plain)
    #expect(try onTerminal("TERM=xterm NO_COLOR=1") == plain)
    #expect(try onTerminal("-u TERM") == plain)
    let color = try onTerminal("TERM=xterm NO_COLOR=")
    #expect(color.contains("\u{1b}[31mfailing 2×\u{1b}[0m    -  -"), "\(color)")
    #expect(color.contains("\u{1b}[1mSTATE\u{1b}[0m"), "\(color)")
    let lines = try workspace.mirrorctl("status").text
    #expect(lines.hasPrefix("   2         None \(workspace.mirror)/a/b/c ()\n"), "\(lines)")
    #expect(try onTerminal("TERM=xterm", "--plain") == lines)
    #expect(try onTerminal("TERM=xterm", "| cat") == lines)
    // Also in the mirror of another user; the catalog is read, not made.
    if getuid() == 0 { try workspace.shell("chown 12345 mirror") }
    #expect(try onTerminal("TERM=dumb") == plain)
    #expect(!FileManager.default.fileExists(atPath: workspace.state.string))
  }
}

import Foundation
import TestSupport
import Testing

@Suite("Several builds as one graph", .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct GraphTests {
  private static let date = TrivialSite.date
  private static let subarch = "gentoo/x86-64bit"

  @Test("share the snapshot, build a remote seed first, and are not due afterwards")
  func due() throws {
    let site = try GraphSite("[section rotation]\nextras/core2: image thumbnail\n")
    let outcome = try site.site.run(["build", "--due", "--jobs", "2"])
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(
      GraphSite.results(outcome) == [
        "4 builds: 4 done", "\(Self.subarch)/athlon snapshot: done", "\(Self.subarch)/athlon stage1: done",
        "\(Self.subarch)/athlon stage3: done", "\(Self.subarch)/core2 image: done",
        "\(Self.subarch)/core2 stage1: done", "\(Self.subarch)/core2 stage3: done",
        "\(Self.subarch)/core2 thumbnail: done", "\(Self.subarch)/generic_64 stage1: done",
        "\(Self.subarch)/generic_64 stage3: done", "\(Self.subarch)/remote stage1: done",
        "\(Self.subarch)/remote stage3: done",
      ])
    // What each stage was made from is in the stage: the remote one starts from the new stage3 of its seed.
    let version = try #require(site.text("remote", ".control/version/stage3")).prefix(10)
    let made = try site.workspace.run([
      "tar", "-xOf",
      "\(site.workspace.mirror)/\(Self.subarch)/remote/\(version)/stage1-remote-gentoo-\(version).tar.xz",
      "./etc/made-from",
    ])
    #expect(made.text.hasPrefix("stage3-core2-gentoo-\(version) "), "\(made.text)")
    for name in ["generic_64", "core2", "athlon", "remote"] {
      #expect(site.text(name, "\(version)/status") == "ok")
      #expect(site.text(name, ".control/.multi_progress") == nil)
    }
    #expect(site.text("remote", ".control/strategy/build") == "local\n")
    #expect(try site.site.run(["nextbuild"]).text == "")
    let again = try site.site.run(["build", "--due"])
    #expect(again.status == 0 && again.text == "Builds are current.\n", "\(again.text)")
    let none = try site.site.run(["build", "--due", "--json"]).text.filter { !$0.isWhitespace }
    #expect(none.contains(#""builds":[],"givenUp":[],"inProgress":[]"#), "\(none)")
    let history = try site.site.run(["status", "--history"]).text
    #expect(history.components(separatedBy: " ok ").count == 5, "\(history)")
    let journal = try site.site.run(["journal"]).text
    #expect(journal.contains("build: built \(site.workspace.mirror)/\(Self.subarch)/remote/\(version) "))
  }

  @Test("go on when one fails, except for what needs it; the next run builds only what is missing")
  func failing() throws {
    let site = try GraphSite(
      """
      [section trivial when target is stage3]
      fails: $[broken:lax]
      [section broken when target/subarch is core2]
      : stage3
      """)
    try site.workspace.program(
      "hook", "cat >> '\(site.workspace.path)/told'; echo >> '\(site.workspace.path)/told'")
    try site.workspace.shell(
      "printf '\\n[section hooks]\\non-failure: %s/hook\\non-success: %s/hook\\n' \"$PWD\" \"$PWD\" >> conf")
    let arguments = ["build", "gentoo/", Self.date, "--jobs", "2"]
    let outcome = try site.site.run(arguments)
    #expect(outcome.status == 1)
    #expect(outcome.text.contains("\(Self.subarch)/core2 stage3: failed after "), "\(outcome.text)")
    #expect(outcome.text.hasSuffix("4 builds: 2 done, 1 failed, 1 not started\n"), "\(outcome.text)")
    let start = "mirrorctl: gentoo x86-64bit"
    #expect(outcome.errorText.contains("\(start) core2 full \(Self.date): stage3: steps/chroot/run: "))
    #expect(outcome.errorText.contains("\(start) core2 full \(Self.date): consecutive failures: 1\n"))
    #expect(
      outcome.errorText.contains(
        "\(start) remote full \(Self.date): stage1 is not started: it needs stage3 of \(Self.subarch)/core2, "
          + "which failed\n"), "\(outcome.errorText)")
    #expect(site.text("core2", ".control/.failcount") == "1\n")
    #expect(site.text("core2", "\(Self.date)/status") == "fail")
    #expect(site.text("remote", ".control/.failcount") == nil)
    #expect(site.text("remote", "\(Self.date)/status") == nil)
    for name in ["generic_64", "athlon"] { #expect(site.text(name, "\(Self.date)/status") == "ok") }
    // The hooks receive each build by itself.
    let told = try site.workspace.shell("cat told").text.split(separator: "\n").map(String.init)
    #expect(told.count == 4, "\(told)")
    #expect(told.filter { $0.contains(#""event":"failure""#) }.count == 2)
    let failure = try #require(told.first { $0.contains("core2 full") && $0.contains(#""failcount":1"#) })
    #expect(!failure.contains("remote full"))

    let next = try site.site.run(arguments + ["broken:", "none"])
    #expect(next.status == 0, "\(next.errorText)")
    #expect(
      GraphSite.results(next).filter { $0.hasSuffix("done") } == [
        "4 builds: 4 done", "\(Self.subarch)/core2 stage3: done", "\(Self.subarch)/remote stage1: done",
        "\(Self.subarch)/remote stage3: done",
      ])
    #expect(site.text("core2", ".control/.failcount") == nil)
  }

  @Test("are printed with what each target waits for, and what is there already")
  func pretend() throws {
    let site = try GraphSite(with: ["core2"])
    try site.succeed(["build", "gentoo", "x86-64bit", "core2", "full", Self.date, "target:", "snapshot"])
    let arguments = ["build", "gentoo/x86-64bit", "full+image", Self.date, "--pretend"]
    let snapshot = "gentoo/snapshots/portage-\(Self.date).tar.xz"
    func path(_ target: String, _ subarch: String) -> String {
      "\(Self.subarch)/\(subarch)/\(Self.date)/\(target)-\(subarch)-gentoo-\(Self.date).tar.xz"
    }
    #expect(
      try site.succeed(arguments).text == """
        build gentoo x86-64bit core2 full+image \(Self.date)
          snapshot: \(snapshot) (already exists)
          stage1: \(path("stage1", "core2")), after snapshot
          stage3: \(path("stage3", "core2")), after stage1
          image: \(path("image", "core2")) (optional), after stage3
        build gentoo x86-64bit generic_64 full+image \(Self.date)
          stage1: \(path("stage1", "generic_64")), after gentoo/x86-64bit/core2 snapshot
          stage3: \(path("stage3", "generic_64")), after stage1
          image: \(path("image", "generic_64")) (optional), after stage3
        build gentoo x86-64bit remote full+image \(Self.date)
          stage1: \(path("stage1", "remote")), after gentoo/x86-64bit/core2 snapshot, gentoo/x86-64bit/core2 stage3
          stage3: \(path("stage3", "remote")), after stage1
          image: \(path("image", "remote")) (optional), after stage3
        3 builds, 10 targets: 1 already there, 9 to build

        """)
    let json = try site.succeed(arguments + ["--json"])
    let plan = try JSONDecoder().decode(Plan.self, from: Data(json.output))
    let stage = try #require(plan.builds[2].targets.first)
    #expect(stage.id == "\(Self.subarch)/remote stage1")
    #expect(stage.after == ["\(Self.subarch)/core2 snapshot", "\(Self.subarch)/core2 stage3"])
    // The command of a target builds it.
    #expect(try site.site.run(plan.builds[0].targets[1].command).status == 0)
    #expect(site.text("core2", ".control/version/stage1") == "\(Self.date)\n")

    let dot = try site.succeed(arguments + ["--format", "dot"])
    let drawn = try site.workspace.run(["dot", "-Tplain"], input: dot.output)
    #expect(drawn.status == 0, "\(drawn.errorText)")
    #expect(drawn.text.split(separator: "\n").count { $0.hasPrefix("node ") } == 10)
    #expect(drawn.text.split(separator: "\n").count { $0.hasPrefix("edge ") } == 10)
    #expect(drawn.text.split(separator: "\n").count { $0.contains(" dashed ") } == 2)
  }

  private struct Plan: Decodable {
    struct Build: Decodable { let targets: [Target] }
    struct Target: Decodable {
      let id: String
      let after, command: [String]
    }
    let builds: [Build]
  }

  @Test(
    "are refused without anything that could be built",
    arguments: [
      (["build", "gentoo/arm"], 1, "gentoo/arm: is not a subarch, and contains none of the rotation: give"),
      (["build", "--due", "gentoo"], 64, "--due and --all take no names"),
      (["build", "--due", "--all"], 64, "--due and --all exclude each other"),
      (["build", "gentoo/x86-64bit/generic_64", "full", "gentoo/x86-64bit/x"], 64, "is not a date"),
      (["build", "--due", "--why"], 64, "--why needs BUILD ARCH SUBARCH"),
      (["build", "--due", "--format", "dot"], 64, "--format requires --pretend"),
      (["build", "--due", "--jobs", "0"], 64, "use a whole number from 1 to 1024"),
    ])
  func refused(arguments: [String], status: Int32, says: String) throws {
    let site = try TrivialSite()
    let outcome = try site.run(arguments)
    #expect(outcome.status == status && outcome.errorText.contains(says), "\(outcome.errorText)")
  }

  @Test("take the whole rotation with --all, but not what failed too often")
  func all() throws {
    let site = try GraphSite("[section rotation]\nmax-failcount: 2\n", isRemote: false)
    try site.succeed(["build", "gentoo", "x86-64bit", "generic_64"])
    try site.workspace.shell("echo 2 > mirror/gentoo/x86-64bit/athlon/.control/.failcount")
    let due = try site.site.run(["build", "--due", "--pretend"])
    #expect(due.text.hasSuffix("1 build, 3 targets: 1 already there, 2 to build\n"), "\(due.text)")
    let plan = try site.site.run(["build", "--all", "--pretend"])
    #expect(plan.text.hasSuffix("2 builds, 5 targets: 3 already there, 2 to build\n"), "\(plan.text)")
    #expect(plan.errorText.contains("athlon is out of the rotation after 2 failures"))
    // One that cannot be built does not stop the others.
    try site.workspace.shell("rm -r mirror/gentoo/x86-64bit/core2/.control")
    let broken = try site.site.run(["build", "--all", "--pretend"])
    #expect(broken.status == 1 && broken.text.hasSuffix("2 builds, 3 targets: 3 already there, 0 to build\n"))
    #expect(broken.errorText.contains("core2/.control: does not exist: the subarch has no seed"))
  }
}

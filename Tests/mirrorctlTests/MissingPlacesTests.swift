import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("A missing mirror is never treated as an empty one")
struct MissingMirrorTests {
  private let mirror: DatedMirror
  private var workspace: Workspace { mirror.workspace }

  init() throws { mirror = try DatedMirror() }

  @Test(
    "a directory that is not a mirror is refused and not changed",
    arguments: [
      ["upkeep"], ["digestgen"], ["index"], ["clean", "--apply"], ["receive"], ["compress"], ["status"],
      ["verify"],
    ])
  func refusal(_ verb: [String]) throws {
    try workspace.shell("mkdir -p mirror/apt/sources mirror/X11; echo text > mirror/passwd")
    let before = try Tree(workspace.mirror)
    let outcome = try workspace.run(workspace.command(verb))
    #expect(outcome.status == 5)
    #expect(outcome.errorText.contains("\(workspace.mirror): is not a mirror"), "\(outcome.errorText)")
    #expect(outcome.errorText.contains("mirrorctl upkeep --create"))
    #expect(try Tree(workspace.mirror) == before)
  }

  @Test("upkeep --create creates a mirror; init and add do so without an option")
  func create() throws {
    #expect(try workspace.mirrorctl("upkeep", "--create").status == 0)
    #expect(try workspace.mirrorctl("upkeep").status == 0)
    try workspace.shell(
      "rm -r mirror state; mkdir mirror; mkdir -p other/a/b/c; echo x > file; tar cJf stage3-2026-11-01.tar.xz file"
    )
    #expect(
      try workspace.mirrorctl("init", "a", "b", "c", "--local", "\(workspace.path)/stage3-2026-11-01.tar.xz")
        .status == 0)
    #expect(try workspace.mirrorctl("upkeep").status == 0)
  }

  /// Makes a known corruption, to check that it is not forgotten.
  private func corrupt(_ day: String) throws {
    #expect(try workspace.mirrorctl("upkeep").status == 0)
    let file = "mirror/\(mirror.stage3(day))"
    try workspace.shell(
      "t=$(stat -c %.9Y \(file)); printf zz | dd of=\(file) bs=1 seek=20 conv=notrunc status=none; touch -d @$t \(file)"
    )
    #expect(try workspace.mirrorctl("verify").status == 4)
  }

  @Test("a run without its file system is refused, and forgets no corruption", arguments: [true, false])
  func notMounted(isMarked: Bool) throws {
    if isMarked { #expect(try workspace.mirrorctl("upkeep", "--create").status == 0) }
    let day = try mirror.version(2)
    try corrupt(day)
    try workspace.shell("mkdir away; mv mirror/std mirror/index.xml away")
    let outcome = try workspace.mirrorctl("upkeep")
    #expect(outcome.status == 5, "\(outcome.errorText)")
    #expect(
      outcome.errorText.contains(isMarked ? "std: is missing" : "is not a mirror"), "\(outcome.errorText)")
    #expect(!mirror.exists("index.xml"))
    try workspace.shell("mv away/* mirror")
    #expect(try workspace.mirrorctl("upkeep").status == 4)
  }

  @Test("if the catalog is lost too, missing builds are detected from the published index")
  func withoutCatalog() throws {
    try mirror.version(2)
    try mirror.version(2, subarch: "dev/x86-64bit/gen")
    #expect(try workspace.mirrorctl("upkeep").status == 0)
    let index = mirror.text("index.xml")
    try workspace.shell("rm -r state; mv mirror/dev away")
    for _ in 1...2 {
      let outcome = try workspace.mirrorctl("upkeep")
      #expect(outcome.status == 5 && outcome.errorText.contains("/dev: is missing"), "\(outcome.errorText)")
    }
    #expect(mirror.text("index.xml") == index)
    #expect(try workspace.mirrorctl("forget", "dev").status == 0)
    #expect(try workspace.mirrorctl("upkeep").status == 0)
    #expect(!mirror.text("index.xml").contains("/dev/"))
  }

  @Test("lost+found, which only root can read, does not make a run partial")
  func lostAndFound() throws {
    try mirror.version(2)
    try workspace.shell(
      "mkdir -m 0 mirror/lost+found mirror/std/lost+found mirror/std/x86-64bit/lost+found mirror/\(DatedMirror.subarch)/lost+found; chown -R 1234 mirror"
    )
    let outcome = try workspace.run(
      ["setpriv", "--reuid", "1234", "--clear-groups", "env", "XDG_STATE_HOME=/tmp/.none-\(UUID())"]
        + workspace.command(["status"]))
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(outcome.errorText == "")
  }
}

@Suite("A missing subarch is held until it is back or forgotten")
struct MissingSubarchTests {
  private let mirror: DatedMirror
  private var workspace: Workspace { mirror.workspace }
  private static let other = "std/x86-64bit/core"

  init() throws {
    mirror = try DatedMirror()
    try mirror.version(2)
    try mirror.version(2, subarch: Self.other)
    try workspace.shell(
      "mkdir www; printf '[section publish/www]\\nto: %s\\ndelete: yes\\nkeep-remote-grace: 0\\n' \"$PWD/www\" > .metro"
    )
    let first = try workspace.mirrorctl("upkeep")
    try #require(first.status == 0, "\(first.errorText)")
    try #require(isPublished(Self.other))
  }

  private func isPublished(_ subarch: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(workspace.path)/www/\(subarch)")
  }

  @Test(
    "the rest is done, with exit status 3; its copies at destinations are kept",
    arguments: [
      "mv mirror/std/x86-64bit/core away",
      "mv mirror/std/x86-64bit/core away; mkdir mirror/std/x86-64bit/core",
    ])
  func missing(_ loss: String) throws {
    try workspace.shell(loss)
    let day = try mirror.version(1)
    for round in 1...2 {
      let outcome = try workspace.mirrorctl("upkeep")
      #expect(outcome.status == 3, "round \(round): \(outcome.errorText)")
      #expect(outcome.errorText.contains("\(Self.other): is missing"), "\(outcome.errorText)")
      #expect(outcome.errorText.contains("mirrorctl forget \(Self.other)"))
      #expect(mirror.exists("\(mirror.stage3(day)).hash.txt"))
      #expect(isPublished(Self.other) && isPublished("\(DatedMirror.subarch)/\(day)"))
    }
    let metrics = try workspace.mirrorctl("status")
    #expect(metrics.status == 3 && metrics.errorText.contains("is missing"))
    // When it is back, its records are still known.
    try workspace.shell(
      "rmdir mirror/std/x86-64bit/core 2> errors || true; mv away mirror/std/x86-64bit/core")
    let back = try workspace.mirrorctl("upkeep")
    #expect(back.status == 0 && !back.text.contains("digested"), "\(back.text)\(back.errorText)")
  }

  @Test("forget accepts a loss, and refuses paths that exist")
  func forget() throws {
    let early = try workspace.mirrorctl("forget", Self.other)
    #expect(early.status == 1 && early.errorText.contains("nothing to forget"), "\(early.errorText)")
    try workspace.shell("rm -r mirror/\(Self.other)")
    let rehearsal = try workspace.mirrorctl("forget", "--dry-run", Self.other)
    #expect(rehearsal.status == 0 && rehearsal.text.contains("would forget"), "\(rehearsal.errorText)")
    #expect(try workspace.mirrorctl("upkeep").status == 3)
    #expect(try workspace.mirrorctl("forget", "nothing/of/ours").status == 1)
    let forgotten = try workspace.mirrorctl("forget", Self.other)
    #expect(forgotten.status == 0 && forgotten.text == "forgot \(workspace.mirror)/\(Self.other)\n")
    let after = try workspace.mirrorctl("upkeep")
    #expect(after.status == 0, "\(after.errorText)")
    #expect(!isPublished(Self.other))
  }

  @Test(
    "a link in its place is reported, and the subarches behind it are held",
    arguments: [Self.other, "std/x86-64bit", "std"])
  func link(_ place: String) throws {
    try workspace.shell("mv mirror/\(place) away; ln -s \"$PWD/away\" mirror/\(place)")
    try mirror.version(1, subarch: "dev/x86-64bit/gen")
    let outcome = try workspace.mirrorctl("upkeep")
    #expect(outcome.status == 3, "\(outcome.errorText)")
    #expect(
      outcome.errorText.contains("\(place): is a symbolic link out of the mirror"), "\(outcome.errorText)")
    #expect(isPublished(Self.other) && isPublished("dev/x86-64bit/gen"))
  }

  @Test("a link inside the mirror is another name and is not reported")
  func alias() throws {
    try workspace.shell("ln -s std mirror/stable; ln -s gen mirror/std/x86-64bit/same")
    let outcome = try workspace.mirrorctl("upkeep")
    #expect(outcome.status == 0, "\(outcome.errorText)")
  }

  @Test(
    "a file system mounted in its place is cleaned like any directory",
    arguments: [Self.other, "std/x86-64bit", "std"])
  func mount(_ place: String) throws {
    for ago in [9, 12] { try mirror.version(ago, subarch: Self.other) }
    let old = try mirror.day(12)
    try workspace.shell("mv mirror/\(place) away; mkdir mirror/\(place)")
    let script = """
      mount --bind '\(workspace.path)/away' '\(workspace.mirror)/\(place)'
      '\(Program.path)' upkeep --keep 1 --mirror '\(workspace.mirror)'
      """
    let outcome = try workspace.run(["unshare", "-m", "sh", "-euc", script])
    #expect(outcome.status == 0, "\(outcome.errorText)")
    try workspace.shell("rmdir mirror/\(place); mv away mirror/\(place)")
    #expect(!mirror.exists("\(Self.other)/\(old)"))
    #expect(mirror.exists("\(Self.other)/\(try mirror.day(2))/status"))
  }
}

@Suite("A typo in [section rotation] does not empty the index")
struct RotationTypoTests {
  private let mirror: DatedMirror
  private var workspace: Workspace { mirror.workspace }

  init() throws {
    mirror = try DatedMirror()
    for name in ["gen", "core"] { try mirror.version(2, subarch: "std/x86-64bit/\(name)") }
    try #require(try workspace.mirrorctl("upkeep").status == 0)
  }

  private func configure(_ lines: String) throws {
    try workspace.shell(
      "printf '[section path]\\nmirror: %s\\n[section rotation]\\n\(lines)\\n' \"$PWD/mirror\" > .metro")
  }

  @Test(
    "it is reported, and an index that would lose entries is not written",
    arguments: [
      ("builds: sdt", "rotation/builds: `sdt` is not in the mirror: did you mean std?"),
      (
        "builds: std\\nsubarches: gne core",
        "rotation/subarches: `gne` is not in the mirror: did you mean gen?"
      ),
      ("arches: x86-46bit", "rotation/arches: `x86-46bit` is not in the mirror: did you mean x86-64bit?"),
    ])
  func typo(_ lines: String, _ words: String) throws {
    try configure(lines)
    let index = mirror.text("index.xml")
    let upkeep = try workspace.mirrorctl("upkeep")
    #expect(upkeep.status == 5, "\(upkeep.errorText)")
    #expect(upkeep.errorText.contains(words), "\(upkeep.errorText)")
    #expect(upkeep.errorText.contains("the index would lose"))
    #expect(mirror.text("index.xml") == index)
    #expect(try workspace.mirrorctl("index").status == 5)
    let check = try workspace.run([Program.path.string, "config", "check"])
    // The check also knows the names in the specs, which accept any name of a build.
    let known = words.replacing("`gne` is not in", with: "`gne` is neither in")
      .replacing("`x86-46bit` is not in", with: "`x86-46bit` is neither in")
      .replacing("neither in the mirror:", with: "neither in the mirror nor known to the specs:")
    #expect(check.errorText.contains(known), "\(check.errorText)")
    #expect(try workspace.run([Program.path.string, "doctor"]).text.contains("is not in the mirror"))
  }

  @Test("`ignore` excludes a subarch on purpose, and nothing is reported")
  func ignore() throws {
    try configure("subarches: gen\\nignore: core")
    let upkeep = try workspace.mirrorctl("upkeep")
    #expect(upkeep.status == 0 && upkeep.errorText == "", "\(upkeep.errorText)")
    #expect(!mirror.text("index.xml").contains("core"))
  }
}

@Suite("clean does not remove more than intended")
struct CleanGuardTests {
  @Test("more than half of the complete versions, and more than 20, are refused; --max-remove allows them")
  func half() throws {
    let mirror = try DatedMirror()
    let workspace = mirror.workspace
    for number in 1...12 {
      for ago in [1, 20, 30] { try mirror.version(ago, subarch: "std/x86-64bit/s\(number)") }
    }
    for verb in [["clean", "--apply"], ["upkeep"]] {
      let refused = try workspace.run(workspace.command(verb + ["--keep", "1"]))
      #expect(refused.status == 5, "\(refused.errorText)")
      #expect(
        refused.errorText.contains("24 of 36 complete versions would be removed"), "\(refused.errorText)")
    }
    #expect(try workspace.mirrorctl("clean", "--keep", "1").status == 0)
    #expect(try workspace.mirrorctl("clean", "--apply", "--keep", "2").status == 0)
    #expect(try workspace.mirrorctl("clean", "--apply", "--keep", "1", "--max-remove", "24").status == 0)
  }

  @Test("the shipped files leave retention to the configuration, which keeps three")
  func shipped() throws {
    let share = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("share").path
    for name in ["cron.example", "mirrorctl-upkeep.service"] {
      let text = try String(contentsOfFile: "\(share)/\(name)", encoding: .utf8)
      #expect(!text.contains("--keep") && !text.contains("--max-remove"), "\(name)")
    }
    let example = try Workspace().run([Program.path.string, "config", "example"]).text
    #expect(example.contains("\nkeep: 3\n"))
  }
}

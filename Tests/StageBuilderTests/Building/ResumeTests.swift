import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("A failed target that goes on in its kept root", .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct ResumeTests {
  /// Each step appends a line to a file of the root; the third fails if it is asked to.
  private static let steps = """
    [section steps/unpack]
    post: [
    #!/bin/sh
    echo post >> $[path/chroot]/etc/done
    ]
    [section steps/chroot]
    prerun: [
    #!/bin/sh
    echo prerun $[word] >> /etc/done
    ]
    run: [
    #!/bin/sh
    echo run >> /etc/done
    ]
    postrun: [
    #!/bin/sh
    echo postrun >> /etc/done
    $[fate]
    ]
    clean: [
    #!/bin/sh
    echo clean >> /etc/done
    ]

    """
  private static let version = "2026-11-22"
  private static let stage = "\(version)/stage1-gen-std-\(version).tar.xz"

  private func build(
    _ site: BuildSite, _ options: [String], word: String = "one", fate: String = "true"
  ) throws -> Outcome {
    try site.run(
      ["build", "--json"] + options + BuildSite.subarch + [Self.version, "target:", "stage1"]
        + ["word:", word, "fate:", fate])
  }

  /// The snapshot, which a build of one target does not make.
  private func site() throws -> BuildSite {
    let site = try BuildSite(Self.steps)
    try site.succeed(["snapshot", "std", Self.version])
    return site
  }

  private func target(_ outcome: Outcome) throws -> [String: Any] {
    let json = try JSONSerialization.jsonObject(with: Data(outcome.text.utf8)) as? [String: Any]
    return try #require((json?["targets"] as? [[String: Any]])?.first)
  }

  private func work(_ site: BuildSite) -> FilePath {
    site.workspace.path.appending("tmp/work/std/stage1-gen-std-\(Self.version)")
  }

  private func done(_ site: BuildSite) throws -> [String] {
    try site.file("./etc/done", in: Self.stage).split(separator: "\n").map(String.init)
  }

  @Test("goes on from the step that failed, with its new text, and is otherwise as if it had not failed")
  func goesOn() throws {
    let site = try site()
    let failed = try build(site, ["--keep-work"], fate: "echo $[word] > /etc/half; exit 1")
    #expect(failed.status == 1)
    // A second failure keeps it too.
    let again = try build(site, ["--resume"], fate: "false")
    #expect(again.status == 1)
    #expect(try target(again)["resumed"] as? String == "steps/chroot/postrun", "\(again.text)")
    #expect(try target(again)["work"] as? String == "\(work(site))")
    let resumed = try build(site, ["--resume"], fate: "rm /etc/half")
    #expect(resumed.status == 0, "\(resumed.errorText)\(resumed.text)")
    #expect(try target(resumed)["resumed"] as? String == "steps/chroot/postrun")
    #expect(try done(site) == ["post", "prerun one", "run", "postrun", "postrun", "postrun", "clean"])
    let log = try #require(site.text("\(Self.version)/log/stage1.txt"))
    #expect(log.contains("stage1: goes on in the kept root, from steps/chroot/postrun"), "\(log)")
    #expect(!log.contains("unpack "), "\(log)")
    #expect(try site.workspace.shell("ls tmp/work/std").text == "")

    // Nothing but the lines of the step that ran again, and the documents, differs from a build in one piece.
    func listing() throws -> String {
      try site.workspace.shell("tar -tvf '\(site.subarchPath)/\(Self.stage)' | grep -v etc/done").text
    }
    let before = try listing()
    let whole = try build(site, ["--rebuild"], fate: "rm -f /etc/half")
    #expect(whole.status == 0, "\(whole.errorText)")
    #expect(try listing() == before)
  }

  @Test("starts anew, and says why, if something that made the root so far is not the same")
  func changed() throws {
    let site = try site()
    #expect(try build(site, ["--keep-work"], fate: "false").status == 1)
    let changed = try build(site, ["--resume"], word: "two")
    #expect(changed.status == 0, "\(changed.errorText)")
    let entry = try target(changed)
    #expect(entry["resumed"] == nil)
    #expect(
      entry["restarted"] as? String
        == "started anew, since the kept root was made from other inputs: steps/chroot/prerun", "\(entry)")
    #expect(changed.errorText.contains("stage1: started anew"), "\(changed.errorText)")
    #expect(try done(site) == ["post", "prerun two", "run", "postrun", "clean"])

    // Another seed.
    try site.workspace.shell("rm -r '\(site.subarchPath)/\(Self.version)'")
    #expect(try build(site, ["--keep-work"], fate: "false").status == 1)
    try site.workspace.shell(
      """
      echo new > seed/etc/new; seed=$(ls mirror/std/x86-64bit/gen/2026-11-01/stage3*.tar.xz)
      tar --numeric-owner --owner=0 --group=0 -C seed -cJf "$seed".new .; mv "$seed".new "$seed"
      """)
    let reseeded = try build(site, ["--resume"])
    #expect(
      try target(reseeded)["restarted"] as? String
        == "started anew, since the kept root was made from other inputs: seed", "\(reseeded.text)")
    #expect(try site.file("./etc/new", in: Self.stage) == "new\n")
  }

  @Test("starts anew if no step was done, a shell was open in the root, or the root is another target's")
  func nothingToGoOnFrom() throws {
    let site = try site()
    let none = try build(site, ["--resume"], fate: "false")
    #expect(none.status == 1)
    #expect(try target(none)["restarted"] == nil)
    // The record is read as anything from outside.
    try site.workspace.shell(
      "perl -pi -e 's/\"next\":\"[^\"]*\"/\"next\":\"steps\\/other\"/' '\(work(site)).lock'")
    let damaged = try build(site, ["--resume"], fate: "false")
    #expect(
      try target(damaged)["restarted"] as? String
        == "started anew, since the kept root has no step to go on from", "\(damaged.text)")
    let shared = ["path/work:", "\(site.workspace.path)/tmp/work/shared"]
    func buildShared(_ options: [String], _ version: String, _ fate: String) throws -> Outcome {
      try site.run(
        ["build", "--json"] + options + BuildSite.subarch + [version, "target:", "stage1", "word:", "one"]
          + ["fate:", fate] + shared)
    }
    try site.succeed(["snapshot", "std", "2026-11-23"])
    #expect(try buildShared(["--keep-work"], Self.version, "false").status == 1)
    let other = try buildShared(["--resume"], "2026-11-23", "true")
    #expect(other.status == 0, "\(other.errorText)")
    #expect(
      try target(other)["restarted"] as? String
        == "started anew, since the kept root is that of std x86-64bit gen \(Self.version) stage1")
  }

  @Test("a kept root survives other builds, but not one of the same target without --resume")
  func survives() throws {
    let site = try site()
    #expect(try build(site, ["--keep-work"], fate: "false").status == 1)
    try site.succeed(["snapshot", "std", "2026-11-23"])
    try site.succeed(
      ["build"] + BuildSite.subarch + ["2026-11-23", "target:", "stage1", "word:", "one", "fate:", "true"])
    #expect(FileManager.default.fileExists(atPath: "\(work(site))/etc/done"))
    #expect(try build(site, [], fate: "true").status == 0)
    #expect(try done(site) == ["post", "prerun one", "run", "postrun", "clean"])
  }

  /// A build whose step goes on until it is ended.
  private func startWaiting(_ site: BuildSite, _ options: [String]) throws -> RunningProgram {
    let run = try site.workspace.start(
      site.command(
        ["build", "--quiet"] + options + BuildSite.subarch + [Self.version, "target:", "stage1"]
          + ["word:", "one", "fate:", "echo x > /etc/waits; sleep 600"]))
    while !FileManager.default.fileExists(atPath: "\(work(site))/etc/waits") { usleep(20_000) }
    return run
  }

  @Test("only one build at a time goes on in a root, and one that is interrupted keeps it")
  func together() throws {
    let site = try site()
    #expect(try build(site, ["--keep-work"], fate: "false").status == 1)
    let first = try startWaiting(site, ["--resume"])
    let second = try build(site, ["--resume"])
    #expect(second.status == 10, "\(second.errorText)")
    kill(first.pid, SIGTERM)
    #expect(try first.wait().status == 143)
    let third = try build(site, ["--resume"])
    #expect(try target(third)["resumed"] as? String == "steps/chroot/postrun", "\(third.text)")
    #expect(try done(site) == ["post", "prerun one", "run", "postrun", "postrun", "postrun", "clean"])
  }

  @Test("a root that a killed build used is not gone on in")
  func killed() throws {
    let site = try site()
    #expect(try build(site, ["--keep-work"], fate: "false").status == 1)
    let run = try startWaiting(site, ["--resume"])
    kill(run.pid, SIGKILL)
    _ = try run.wait()
    let next = try build(site, ["--resume"])
    #expect(next.status == 0, "\(next.errorText)")
    #expect(try target(next)["resumed"] == nil)
    #expect(try done(site) == ["post", "prerun one", "run", "postrun", "clean"])
  }

  @Test(
    "a root whose files did not all reach the disk is kept, but not gone on in",
    .enabled(if: Tracing.works, "strace cannot trace here"))
  func unsynced() throws {
    let site = try site()
    let traced = try site.workspace.run(
      Tracing.arguments(trace: ["syncfs"], inject: "syncfs:error=EIO")
        + site.command(
          ["build", "--keep-work"] + BuildSite.subarch + [Self.version, "target:", "stage1"]
            + ["word:", "one", "fate:", "false"]))
    #expect(traced.status == 1)
    #expect(FileManager.default.fileExists(atPath: "\(work(site))/etc/done"))
    #expect(site.text("\(Self.version)/log/stage1.txt")?.contains("stage1: cannot be resumed: ") == true)
    let next = try build(site, ["--resume"])
    #expect(
      try target(next)["restarted"] as? String
        == "started anew, since the kept root has no step to go on from", "\(next.text)")
  }

  @Test("clean --caches deletes kept work directories that are too old, and doctor names them")
  func clean() throws {
    let site = try site()
    #expect(try build(site, ["--keep-work"], fate: "false").status == 1)
    let doctor = try site.run(["doctor"])
    #expect(doctor.text.contains("\(work(site)): is kept by a build that failed"), "\(doctor.text)")
    try site.workspace.shell("printf '[section caches]\\nwork/age: 30d\\n' >> conf")
    #expect(try site.succeed(["clean", "--caches", "--apply"]).text == "")
    try site.workspace.shell("touch -d '40 days ago' '\(work(site)).lock'")
    let plan = try site.succeed(["clean", "--caches"])
    #expect(plan.text.contains("would delete 1 of 1 work directory, "), "\(plan.text)")
    #expect(FileManager.default.fileExists(atPath: "\(work(site))/etc/done"))
    let run = try startWaiting(site, ["--resume"])
    try site.workspace.shell("touch -d '40 days ago' '\(work(site)).lock'")
    #expect(try site.succeed(["clean", "--caches", "--apply"]).text == "")
    #expect(FileManager.default.fileExists(atPath: "\(work(site))/etc/done"))
    kill(run.pid, SIGTERM)
    _ = try run.wait()
    try site.workspace.shell("touch -d '40 days ago' '\(work(site)).lock'")
    try site.succeed(["clean", "--caches", "--apply"])
    #expect(try site.workspace.shell("ls tmp/work/std").text == "")
  }
}

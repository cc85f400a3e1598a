import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("A withdrawn release")
struct WithdrawTests {
  private typealias M = ReleaseMirror

  @Test("is in no index, link or record any more, and its notice says why, here and at a destination")
  func version() throws {
    let mirror = try ReleaseMirror()
    try mirror.configure(mirror.destination())
    try mirror.run("upkeep")
    let before = try mirror.offer()
    #expect(try mirror.offer(in: "there") == before)
    try mirror.run(
      "withdraw", M.version(2), "--reason", "broken <libc>\nuse another", "--replace-by", M.version(1))
    #expect(mirror.link() == "\(M.days[1])/stage3-gen-std-\(M.days[1]).tar.xz")
    #expect(mirror.link("\(M.link).hash.txt") == "\(M.days[1])/stage3-gen-std-\(M.days[1]).tar.xz.hash.txt")
    #expect(mirror.text("\(M.subarch)/.control/version/stage3") == "\(M.days[1])\n")
    #expect(try mirror.naming(M.days[2]) == [])
    let notice = mirror.text("\(M.version(2))/WITHDRAWN")
    #expect(notice.hasPrefix("This release was withdrawn. Do not use it.\n"))
    #expect(notice.contains("Reason: broken <libc> use another\n"))
    #expect(notice.contains("Use-Instead: \(M.version(1))\n"))
    let page = mirror.text("\(M.subarch)/index.html")
    #expect(page.contains("broken &lt;libc&gt; use another") && page.contains("\(M.days[2])/WITHDRAWN"))
    #expect(mirror.text("index.json").contains(#""reason" : "broken <libc> use another""#))
    let status = try mirror.run("status").text
    #expect(status.hasSuffix("/\(M.subarch) (lxd,stage3); withdrawn \(M.days[2])\n"), "\(status)")
    // Its files are still there; the destination follows.
    #expect(mirror.exists(M.stage3(2)))
    try mirror.run("publish")
    #expect(mirror.text("\(M.version(2))/WITHDRAWN", in: "there") == notice)
    #expect(try mirror.naming(M.days[2], in: "there") == [])
    #expect(try mirror.offer(in: "there") == mirror.offer())
    // Nothing brings it back.
    try mirror.run("upkeep", "--keep", "1")
    #expect(try mirror.naming(M.days[2]) == [])
    #expect(mirror.exists("\(M.version(2))/WITHDRAWN") && !mirror.exists(M.version(0)))
  }

  @Test("is offered again as before by restore, here and at a destination, even the only version")
  func restore() throws {
    let mirror = try ReleaseMirror()
    try mirror.configure(mirror.destination())
    try mirror.run("upkeep")
    try mirror.run("upkeep")
    let before = try mirror.offer()
    for index in [2, 1, 0] { try mirror.run("withdraw", M.version(index), "--reason", "all are bad") }
    #expect(mirror.link() == nil && !mirror.exists("\(M.link).hash.txt"))
    #expect(!mirror.exists("\(M.subarch)/.control/version/stage3"))
    try mirror.run("publish")
    #expect(mirror.link(in: "there") == nil)
    #expect(try mirror.naming("stage3-gen-std", in: "there") == [])
    for index in [1, 2, 0] { try mirror.run("restore", M.version(index)) }
    #expect(try mirror.offer() == before)
    #expect(mirror.text("\(M.subarch)/.control/version/stage3") == "\(M.days[2])\n")
    try mirror.run("publish")
    #expect(try mirror.offer(in: "there") == before)
    #expect(try mirror.workspace.shell("find mirror there -name '*WITHDRAWN*'").text == "")
    let actions = try JournalOutput(of: mirror.workspace).entries.map(\.action)
    #expect(actions.filter { $0 == "withdrawn" }.count == 3 && actions.filter { $0 == "restored" }.count == 3)
  }

  @Test("loses its files with --delete, here and at destinations that delete; the notice stays")
  func deletion() throws {
    let mirror = try ReleaseMirror()
    try mirror.configure(mirror.destination("delete: yes"))
    try mirror.run("upkeep")
    try mirror.run("withdraw", M.version(2), "--reason", "bad", "--delete")
    #expect(!mirror.exists(M.stage3(2)) && !mirror.exists("\(M.stage3(2)).hash.txt"))
    #expect(mirror.exists("\(M.version(2))/WITHDRAWN") && mirror.exists("\(M.version(2))/log/stage3.txt"))
    try mirror.run("upkeep")
    #expect(
      !mirror.exists(M.stage3(2), in: "there") && mirror.exists("\(M.version(2))/WITHDRAWN", in: "there"))
    let refused = try mirror.run("restore", M.version(2), status: 1)
    #expect(refused.errorText.contains("its files were deleted"), "\(refused.errorText)")
    #expect(try mirror.run("verify").text.contains("ok"))
  }

  @Test("can be one artifact of a version, or a snapshot")
  func artifacts() throws {
    let mirror = try ReleaseMirror()
    try mirror.configure(mirror.destination())
    try mirror.run("upkeep")
    let before = try mirror.offer()
    let image = "\(M.version(2))/lxd-gen-std-\(M.days[2]).tar.xz"
    let snapshot = "std/snapshots/portage-\(M.days[2]).tar.xz"
    try mirror.run("withdraw", image, "--reason", "bad image")
    try mirror.run("withdraw", snapshot, "--reason", "bad tree", "--delete")
    #expect(try mirror.naming("lxd-gen-std-\(M.days[2])") == [])
    #expect(try mirror.naming("stage3-gen-std-\(M.days[2])").contains("index.xml"))
    #expect(mirror.link("std/snapshots/portage-latest.tar.xz") == "portage-\(M.days[1]).tar.xz")
    #expect(!mirror.exists(snapshot) && mirror.exists("\(snapshot).WITHDRAWN"))
    try mirror.run("upkeep")
    #expect(mirror.exists("\(snapshot).WITHDRAWN") && mirror.exists("\(snapshot).WITHDRAWN", in: "there"))
    #expect(mirror.exists("\(image).WITHDRAWN", in: "there"))
    #expect(try mirror.offer(in: "there") == mirror.offer())
    try mirror.run("restore", snapshot, status: 1)
    try mirror.workspace.shell("cp there/\(snapshot) mirror/std/snapshots/")
    try mirror.run("restore", snapshot)
    try mirror.run("restore", image)
    try mirror.run("upkeep")
    #expect(try mirror.offer() == before)
    #expect(try mirror.offer(in: "there") == before)
    #expect(try mirror.workspace.shell("find mirror there -name '*WITHDRAWN*'").text == "")
  }

  @Test(
    "follows at an rsync daemon that deletes nothing: links and metalinks there lead to nothing withdrawn")
  func daemon() throws {
    let mirror = try ReleaseMirror()
    let daemon = try RsyncDaemon(["web": mirror.workspace.path.appending("there")], in: mirror.workspace)
    try mirror.configure("[section publish/web]\nto: \(daemon.url("web"))\nretries: 0\n")
    try mirror.run("upkeep")
    let before = try mirror.offer()
    for index in [2, 1, 0] { try mirror.run("withdraw", M.version(index), "--reason", "bad") }
    try mirror.run("publish")
    #expect(try mirror.naming("stage3-gen-std", in: "there") == [])
    #expect(mirror.link(in: "there") == nil && mirror.exists("\(M.version(2))/WITHDRAWN", in: "there"))
    for index in [0, 1, 2] { try mirror.run("restore", M.version(index)) }
    try mirror.run("upkeep")
    #expect(try mirror.offer(in: "there") == before)
    #expect(!mirror.exists("\(M.version(2))/WITHDRAWN", in: "there"))
    daemon.stop()
  }

  @Test("is not restored by an upload of its build server, on a master")
  func upload() throws {
    let workspace = try Workspace()
    let server = try PublishSite("server", in: workspace)
    let master = try PublishSite("master", in: workspace)
    try server.configure(
      "[section publish/master]\nto: \(master.mirror)\nwhat: own\nreceive: upkeep\nas: server\nretries: 0")
    try #require(try master.run("upkeep", "--create").status == 0)
    try server.build("std/x86/gen", "2016-01-01")
    try server.build("std/x86/gen", "2016-01-02", seed: 2)
    try server.refresh()
    let sent = try server.run("publish")
    try #require(sent.status == 0, "\(sent.errorText)")
    let received = try master.run("upkeep")
    try #require(received.status == 0, "\(received.errorText)")
    let version = "std/x86/gen/2016-01-02"
    #expect(try master.run("withdraw", version, "--reason", "bad", "--delete").status == 0)
    _ = try server.run("publish")
    _ = try master.run("upkeep")
    let files = try workspace.shell("ls '\(master.mirror)/\(version)'").text
    #expect(files.contains("WITHDRAWN") && !files.contains("stage3"), "\(files)")
    let link = try workspace.shell("readlink '\(master.mirror)/std/x86/gen/stage3-latest.tar.xz'").text
    #expect(link.hasPrefix("2016-01-01/"), "\(link)")
    let index = try String(contentsOfFile: "\(master.mirror)/index.xml", encoding: .utf8)
    #expect(index.contains("2016-01-01") && !index.contains("2016-01-02"))
  }

  @Test("must exist, be named with a reason, and is not deleted under a running build")
  func refusals() throws {
    let mirror = try ReleaseMirror()
    try mirror.run("upkeep")
    for path in ["std", "index.xml", M.subarch, "\(M.version(2))/status", "std/x86-64bit/gen/1999-01-01"] {
      let outcome = try mirror.run("withdraw", path, "--reason", "bad", status: 1)
      #expect(outcome.errorText.contains("is not a version, an artifact of a version or a snapshot"))
    }
    try mirror.run("withdraw", M.version(2), "--reason", " ", status: 1)
    try mirror.run(
      "withdraw", M.version(2), "--reason", "bad", "--replace-by", M.version(2), status: 1)
    let sleeper = try mirror.workspace.start(["sleep", "1000"])
    defer { kill(sleeper.pid, 9) }
    try mirror.workspace.shell("echo \(sleeper.pid) > mirror/\(M.subarch)/.control/.multi_progress")
    try mirror.run("withdraw", M.version(2), "--reason", "bad", "--delete", status: 10)
    #expect(mirror.exists(M.stage3(2)) && !mirror.exists("\(M.version(2))/WITHDRAWN"))
    // Without deleting, it need not wait.
    try mirror.run("withdraw", M.version(2), "--reason", "bad")
    let before = try Tree(mirror.workspace.mirror)
    try mirror.run("withdraw", M.version(1), "--reason", "bad", "--dry-run")
    #expect(try Tree(mirror.workspace.mirror).differences(from: before) == [])
  }
}

@Suite("A candidate")
struct CandidateTests {
  private typealias M = ReleaseMirror
  private static let day = "2016-11-22"
  private static let path = "\(M.subarch)/\(day)"

  @Test("is offered nowhere but in the index for testers, and counts as built, until promote offers it")
  func promotion() throws {
    let mirror = try ReleaseMirror()
    try mirror.configure(mirror.destination("delete: yes"))
    try mirror.run("upkeep")
    try mirror.add(Self.day, isCandidate: true)
    try mirror.run("upkeep")
    #expect(try mirror.naming(Self.day) == [])
    #expect(!mirror.exists(Self.path, in: "there") && !mirror.exists("candidates.json", in: "there"))
    #expect(mirror.text("candidates.json").contains("/\(Self.path)/stage3-gen-std-\(Self.day).tar.xz"))
    #expect(mirror.text("candidates.xml").contains(Self.day))
    #expect(mirror.link() == "\(M.days[2])/stage3-gen-std-\(M.days[2]).tar.xz")
    try mirror.run("promote", Self.path, "--reason", "tested by hand")
    #expect(mirror.link() == "\(Self.day)/stage3-gen-std-\(Self.day).tar.xz")
    #expect(mirror.text("\(M.subarch)/.control/version/stage3") == "\(Self.day)\n")
    #expect(mirror.exists("\(Self.path)/stage3-gen-std-\(Self.day).tar.xz.hash.txt"))
    #expect(try mirror.naming("stage3-gen-std-\(Self.day)").contains("index.xml"))
    #expect(!mirror.exists("\(Self.path)/CANDIDATE") && !mirror.text("candidates.json").contains(Self.day))
    try mirror.run("publish")
    #expect(try mirror.offer(in: "there") == mirror.offer())
    let entry = try #require(try JournalOutput(of: mirror.workspace).entries.last { $0.action == "promoted" })
    #expect(entry.path == Self.path && entry.reason == "tested by hand")
    #expect(try mirror.run("promote", Self.path).text.contains("is offered already"))
  }

  @Test("that is the first version gets the links that its build would have made")
  func first() throws {
    let mirror = try ReleaseMirror()
    try mirror.workspace.shell("rm -r mirror/std; rm -rf state")
    try mirror.add(Self.day, isCandidate: true)
    try mirror.workspace.shell("touch mirror/.mirrorctl.mirror")
    try mirror.run("upkeep")
    #expect(mirror.link() == nil)
    try mirror.run("promote", Self.path)
    #expect(mirror.link() == "\(Self.day)/stage3-gen-std-\(Self.day).tar.xz")
    #expect(mirror.text("\(M.subarch)/.control/version/stage3") == "\(Self.day)\n")
  }

  @Test("is promoted by upkeep when a check succeeds, or after some days")
  func automatic() throws {
    let mirror = try ReleaseMirror("[section build]\npromote: after test -e \"$MIRRORCTL_CANDIDATE/good\"\n")
    try mirror.add(Self.day, isCandidate: true)
    let failed = try mirror.run("upkeep", status: 3)
    #expect(failed.errorText.contains("build/promote: the check failed with exit status 1"))
    #expect(try mirror.naming(Self.day) == [])
    try mirror.workspace.shell("touch mirror/\(Self.path)/good")
    let outcome = try mirror.run("upkeep")
    #expect(outcome.text.contains("promote: \(Self.path) promoted"), "\(outcome.text)")
    #expect(mirror.link() == "\(Self.day)/stage3-gen-std-\(Self.day).tar.xz")
    try mirror.configure("[section build]\npromote: after 3d\n")
    let today = try mirror.workspace.shell("date +%F").text.trimmingCharacters(in: .newlines)
    try mirror.add(today, isCandidate: true)
    try mirror.add("2016-11-25", isCandidate: true)
    try mirror.run("upkeep")
    #expect(mirror.exists("\(M.subarch)/\(today)/CANDIDATE"))
    try mirror.configure("[section build]\npromote: never\n")
    try mirror.run("upkeep", status: 1)
  }

  @Test("that is damaged is not promoted")
  func damaged() throws {
    let mirror = try ReleaseMirror()
    try mirror.add(Self.day, isCandidate: true)
    try mirror.workspace.shell(
      "cd mirror/\(Self.path); for f in *.tar.xz; do head -c 40 $f > x; mv x $f; done")
    let outcome = try workspaceRun(mirror, ["promote", Self.path])
    #expect(outcome.status != 0)
    #expect(mirror.exists("\(Self.path)/CANDIDATE") && mirror.link()?.hasPrefix(M.days[2]) == true)
  }

  private func workspaceRun(_ mirror: ReleaseMirror, _ arguments: [String]) throws -> Outcome {
    try mirror.workspace.run(mirror.workspace.command(arguments))
  }
}

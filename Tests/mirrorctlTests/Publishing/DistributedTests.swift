import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("Build servers and their master", .enabled(if: Tool.exists("rsync"), "rsync is not installed"))
struct DistributedTests {
  private let workspace: Workspace
  private let master: PublishSite
  private let one: PublishSite
  private let two: PublishSite

  private static let gen = "std/x86/gen/2016-01-01/stage3-gen-std-2016-01-01.tar.xz"
  private static let v7 = "std/arm/v7/2016-01-01/stage3-v7-std-2016-01-01.tar.xz"

  init() throws {
    workspace = try Workspace()
    master = try PublishSite("master", in: workspace)
    one = try PublishSite("one", in: workspace)
    two = try PublishSite("two", in: workspace)
    try #require(try master.run("upkeep", "--create").status == 0)
    try workspace.shell("rm master/mirror/index.xml")
    try one.build("std/x86/gen", "2016-01-01")
    try two.build("std/arm/v7", "2016-01-01", bytes: 3_000_000, seed: 2)
    for site in [one, two] {
      try workspace.shell(
        "mkdir -p '\(site.mirror)/std/snapshots'; printf '\(site.home)' | xz > '\(site.mirror)/std/snapshots/portage-2016-01-01.tar.xz'"
      )
      try site.refresh()
    }
  }

  /// A server's settings for uploads to a local directory.
  private func configure(_ site: PublishSite, _ name: String, _ settings: String = "") throws {
    try site.configure(
      """
      [section publish/master]
      to: \(master.mirror)
      what: own
      receive: upkeep
      as: \(name)
      retries: 0
      \(settings)
      """)
  }

  /// A server's settings for uploads over ssh, after which the master receives at once.
  private func configureBySSH(_ site: PublishSite, _ ssh: SSHDaemon) throws {
    try site.configure(
      """
      [section publish/master]
      to: 127.0.0.1:\(master.mirror)
      rsh: \(ssh.client)
      what: own
      receive: ssh
      remote-command: \(master.command(["receive", "--lock-wait", "60"]).joined(separator: " "))
      as: one
      """)
  }

  private func publish(_ site: PublishSite) throws {
    let outcome = try site.run("publish")
    #expect(outcome.status == 0, "\(outcome.errorText)")
  }

  private func receive(_ status: Int32 = 0) throws -> Outcome {
    let outcome = try master.run("receive")
    #expect(outcome.status == status, "\(outcome.text)\(outcome.errorText)")
    return outcome
  }

  private func content(_ site: PublishSite, _ path: String) -> Data? {
    FileManager.default.contents(atPath: "\(site.mirror)/\(path)")
  }

  private func visible() throws -> [String] {
    try Tree(master.mirror).nodes.keys.filter { !$0.hasPrefix(".") }.sorted()
  }

  @Test(
    "two servers upload, one dies midway: its upload is invisible until it is resumed; all is published")
  func whole() throws {
    let published = workspace.path.appending("published")
    try workspace.shell("mkdir published")
    let daemon = try RsyncDaemon(["mirror": master.mirror], in: workspace)
    let ssh = try SSHDaemon(in: workspace)
    try master.configure("[section publish/public]\nto: \(published)\nas: master")
    try configureBySSH(one, ssh)
    let slow =
      "[section publish/master]\nto: \(daemon.url("mirror"))\nwhat: own\nreceive: upkeep\nas: two\nretries: 0"
    try two.configure("\(slow)\nbandwidth: 128K")
    let second = try two.start("publish")
    while second.isRunning,
      try workspace.run(["find", "\(master.mirror)/.incoming", "-name", ".stage3*"]).text == ""
    {
      usleep(5_000)
    }
    #expect(second.isRunning)
    let first = try one.run("publish")
    #expect(first.status == 0, "\(first.errorText)")
    #expect(first.text.contains("one: "), "the output of the master is printed: \(first.text)")
    kill(second.pid, SIGKILL)
    _ = try second.wait()

    #expect(content(master, Self.gen) == content(one, Self.gen))
    _ = try receive()
    #expect(try !visible().contains { $0.hasPrefix("std/arm") })
    for verb in [["clean", "--apply"], ["digestgen"], ["index"], ["publish"]] {
      let outcome = try workspace.run(master.command(verb))
      #expect(outcome.status == 0, "\(outcome.errorText)")
    }
    let downloader = Downloader(root: published)
    #expect(downloader.faults() == [])
    let there = try Tree(published).nodes
    #expect(there[Self.gen] != nil && !there.keys.contains { $0.contains("v7") })

    let unfinished = try workspace.run([
      "find", "\(master.mirror)/.incoming/two", "-type", "f", "-size", "+0",
    ])
    #expect(unfinished.text.contains("stage3"), "files received before it died are kept")
    try two.configure(slow)
    try publish(two)
    #expect(try receive().text.contains("two: "))
    #expect(content(master, Self.v7) == content(two, Self.v7))
    for verb in ["digestgen", "index", "publish", "verify"] {
      let outcome = try master.run(verb)
      #expect(outcome.status == 0, "\(outcome.errorText)")
    }
    #expect(downloader.faults() == [])
    #expect(try downloader.wrongSidecars() == [])
    #expect(try Tree(published).nodes[Self.v7] != nil)
    // No upload remains, and nothing is sent again.
    let left = try Tree(master.mirror).nodes.keys.filter { $0.hasPrefix(".incoming/") && $0.contains(".tar") }
    #expect(left == [])
    for site in [one, two] { #expect(try site.run("publish").text == "") }
    // Of two snapshots with the same name the first is kept.
    let snapshot = "std/snapshots/portage-2016-01-01.tar.xz"
    #expect(content(master, snapshot) == content(one, snapshot))
  }

  @Test("moments of one day, and the extras that a version lacks, reach the master and its destinations")
  func moments() throws {
    let published = workspace.path.appending("published")
    try workspace.shell("mkdir published")
    try master.configure("[section publish/public]\nto: \(published)\nas: master")
    try configure(one, "one")
    let moments = ["20160102T030000Z", "20160102T170302Z"]
    for moment in moments { try one.build("std/x86/gen", moment) }
    let version = "\(one.mirror)/std/x86/gen/\(moments[1])"
    try workspace.shell("echo lxd > '\(version)/failed'")
    try one.refresh()
    try publish(one)
    _ = try receive()
    let status = try master.run("status", "--json").text
    #expect(status.contains("\"date\" : \"\(moments[1])\"") && status.contains("\"lxd\""), "\(status)")
    try #require(try master.run("upkeep").status == 0)
    let there = try Tree(published).nodes.keys
    for moment in moments {
      #expect(there.contains("std/x86/gen/\(moment)/stage3-gen-std-\(moment).tar.xz"))
    }
    // The extra succeeded when the build was repeated.
    try workspace.shell(": > '\(version)/failed'")
    try publish(one)
    _ = try receive()
    #expect(try !master.run("status", "--json").text.contains("\"lxd\""))
  }

  @Test("a build server reports what its master refuses; the rest is received and published")
  func refused() throws {
    let ssh = try SSHDaemon(in: workspace)
    try configureBySSH(one, ssh)
    try master.configure("[section rotation]\nbuilds: std\narches: x86\nsubarches: gen")
    let refused = try one.run("publish")
    #expect(refused.status == 1)
    #expect(
      refused.errorText.contains("is built here, but was uploaded by one: not received from one"))
    #expect(content(master, Self.gen) == nil)
    try master.configure("[section rotation]\nbuilds: std\narches: x86\nsubarches: other")
    let taken = try one.run("publish")
    #expect(taken.status == 0, "\(taken.errorText)")
    #expect(taken.text.contains("is received, but not cleaned or indexed here"), "\(taken.text)")
    #expect(content(master, Self.gen) == content(one, Self.gen))
  }

  @Test("control files about builds are transferred, and removed when deleted at the source")
  func control() throws {
    try configure(one, "one")
    let failcount = "std/x86/gen/.control/.failcount"
    try workspace.shell("echo 2 > 'one/mirror/\(failcount)'")
    try publish(one)
    _ = try receive()
    #expect(content(master, failcount) == Data("2\n".utf8))
    #expect(content(master, "std/x86/gen/.control/version/stage3") == Data("2016-01-01\n".utf8))
    #expect(try master.run("status").text.contains("   2   2016-01-01"))
    #expect(try one.run("publish").text == "")
    try workspace.shell("rm 'one/mirror/\(failcount)'")
    try publish(one)
    _ = try receive()
    #expect(content(master, failcount) == nil)
  }

  @Test("versions that the master cleaned are not uploaded again")
  func cleaned() throws {
    try configure(one, "one")
    try one.build("std/x86/gen", "2016-01-02", seed: 4)
    try one.refresh()
    try publish(one)
    _ = try receive()
    #expect(try master.run("clean", "--apply", "--keep", "1").status == 0)
    #expect(content(master, Self.gen) == nil)
    #expect(try one.run("publish").text == "")
  }

  @Test("a damaged upload is refused as a whole, and repaired by the next publish")
  func damaged() throws {
    try configure(one, "one")
    try publish(one)
    #expect(try one.run("publish").text == "", "it was uploaded already")
    let waiting = "\(master.mirror)/.incoming/one/\(Self.gen)"
    try workspace.shell("printf X | dd of='\(waiting)' conv=notrunc bs=1 seek=1000 status=none")
    let before = try visible()
    let outcome = try receive(3)
    #expect(outcome.errorText.contains("does not match its digest"), "\(outcome.errorText)")
    let unknown = try master.run("receive", "nosuch")
    #expect(unknown.status == 1 && unknown.text == "", "\(unknown.text)")
    #expect(
      unknown.errorText.hasPrefix("mirrorctl: nosuch: is not a server with an upload in \(master.mirror): "))
    try master.configure("receive/one/replace: no\nreceive/two/replace: no")
    #expect(try master.run("receive", "two").text == "no upload from two in \(master.mirror)\n")
    #expect(try visible() == before)
    try publish(one)
    _ = try receive()
    #expect(content(master, Self.gen) == content(one, Self.gen))
  }

  @Test(
    "a damaged file never replaces a good one; a good one from the same server does if that is allowed"
  )
  func replaced() throws {
    try configure(one, "one")
    try master.configure("[section receive/one]\nreplace: yes")
    try publish(one)
    _ = try receive()
    let old = content(master, Self.gen)
    try one.tar("\(one.mirror)/\(Self.gen)", bytes: 100_000, seed: 77)
    try one.refresh()
    try publish(one)
    try workspace.shell(
      "printf X | dd of='\(master.mirror)/.incoming/one/\(Self.gen)' conv=notrunc bs=1 status=none")
    _ = try receive(3)
    #expect(content(master, Self.gen) == old)
    try publish(one)
    _ = try receive()
    #expect(content(master, Self.gen) == content(one, Self.gen))
    try master.refresh()
    #expect(try Downloader(root: master.mirror).wrongSidecars() == [])
  }

  @Test("a subarch built by another server, or by the master, is not received from a second server")
  func owners() throws {
    try configure(one, "one")
    try publish(one)
    _ = try receive()
    try two.build("std/x86/gen", "2016-01-05", seed: 5)
    try two.refresh()
    try configure(two, "two")
    try publish(two)
    let outcome = try receive(3)
    #expect(outcome.errorText.contains("is built by one, but was uploaded by two"), "\(outcome.errorText)")
    #expect(try !visible().contains { $0.contains("2016-01-05") })
    try workspace.shell("echo two > master/mirror/std/x86/gen/.control/server")
    try master.configure("[section rotation]\nsubarches: gen\nalso-stored: v7")
    #expect(try receive(3).errorText.contains("is built here"))
    try master.configure("[section rotation]\nsubarches: other\nalso-stored: v7 gen")
    _ = try receive()
    #expect(try visible().contains { $0.contains("2016-01-05") })
  }

  @Test("no manifest makes receive write elsewhere or through a link")
  func hostile() throws {
    try configure(one, "one")
    try publish(one)
    try workspace.shell(
      """
      cd master/mirror/.incoming; cp -a one two; cp -a one three; ln -s one four
      sed -i 's|"server" : "one"|"server" : "two"|; s|std/x86/gen/2016-01-01/status|../../../evil/x/y/z|' two/.complete
      mkdir ../../../outside; rm -r three/std/x86/gen/2016-01-01; ln -s "$PWD/../../../outside" three/std/x86/gen/2016-01-01
      sed -i 's|"server" : "one"|"server" : "three"|' three/.complete; mv one ../../aside
      """)
    _ = try receive(3)
    #expect(try visible() == [])
    #expect(try Tree(workspace.path.appending("outside")).nodes.isEmpty)
    #expect(try !Tree(workspace.path).nodes.keys.contains { $0.hasPrefix("evil") })
  }

  @Test("if receive is killed at any moment, complete versions are intact, and the next run continues")
  func killed() throws {
    try configure(one, "one")
    for day in 2...6 { try one.build("std/x86/gen", "2016-01-0\(day)", bytes: 400_000, seed: UInt64(day)) }
    try one.refresh()
    try publish(one)
    var random = Seeded(state: 5)
    for _ in 0..<6 {
      let run = try master.start("receive")
      usleep(UInt32.random(in: 10_000...150_000, using: &random))
      kill(run.pid, SIGKILL)
      _ = try run.wait()
      let there = try Tree(master.mirror).nodes
      for path in there.keys where path.hasSuffix("/status") && !path.hasPrefix(".") {
        let version = path.dropLast(7)
        let name = "stage3-gen-std-\(version.suffix(10)).tar.xz"
        #expect(content(master, "\(version)/\(name)") == content(one, "\(version)/\(name)"), "\(path)")
      }
    }
    _ = try receive()
    let (here, there) = (try Tree(one.mirror).nodes, try Tree(master.mirror).nodes)
    for (path, node) in here where path.hasPrefix("std/x86/gen/2016") && !path.contains("/stage1") {
      #expect(there[path] == node, "\(path)")
    }
    #expect(there.keys.filter { $0.contains(".mirrorctl-") } == [])
  }

  @Test("receive removes what a killed run left of a control file")
  func leftover() throws {
    try configure(one, "one")
    for date in ["2016-01-02", "2016-01-03"] {
      if date == "2016-01-03" { _ = try receive() }
      try one.build("std/x86/gen", date)
      try one.refresh()
      try publish(one)
    }
    let control = "\(master.mirror)/std/x86/gen/.control/version"
    try workspace.shell(
      """
      sh -c 'echo $$' > pid
      touch -d '1 hour ago' "\(control)/.mirrorctl-$(cat pid)-0123456789abcdef.tmp"
      """)
    _ = try receive()
    try workspace.shell("test -z \"$(find '\(master.mirror)' -name '.mirrorctl-*')\"")
  }

  @Test("receive removes what a run left that was killed before its first control file and its first link")
  func firstLeftovers() throws {
    try configure(one, "one")
    try publish(one)
    let subarch = "\(master.mirror)/std/x86/gen"
    try workspace.shell(
      """
      sh -c 'echo $$' > pid; mkdir -p '\(subarch)/.control'; name=.mirrorctl-$(cat pid)-0123456789abcdef.tmp
      touch -d '1 hour ago' "\(subarch)/.control/$name"; ln -s 2016-01-01/none "\(subarch)/$name"
      """)
    _ = try receive()
    try workspace.shell(
      """
      test -z "$(find '\(master.mirror)' -name '.mirrorctl-*.tmp')"
      test -e '\(subarch)/.control/server'; test -L '\(subarch)/stage3-latest.tar.xz'
      """)
  }

  @Test("receive without uploads prints nothing and exits with 0")
  func nothing() throws {
    let outcome = try receive()
    #expect(outcome.output.isEmpty && outcome.errors.isEmpty)
  }
}

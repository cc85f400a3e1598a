import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("publish with faults", .enabled(if: Tool.exists("rsync"), "rsync is not installed"))
struct PublishFaultTests {
  private let workspace: Workspace
  private let site: PublishSite
  private let published: FilePath

  init() throws {
    workspace = try Workspace()
    site = try PublishSite("master", in: workspace)
    published = workspace.path.appending("published")
    try workspace.shell("mkdir published")
    try site.build("std/x86/gen", "2016-01-01")
    try site.refresh()
  }

  @Test("an unknown destination is an error, and so is a configuration without any")
  func unknown() throws {
    #expect(try site.run("publish").errorText.contains("[section publish/NAME]"))
    try site.configure("[section publish/out]\nto: \(published)")
    let outcome = try site.run("publish", "outt")
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains("destinations are out"), "\(outcome.errorText)")
  }

  @Test("a refused connection is reported clearly", arguments: [PublishRoute.daemon, .ssh])
  func unreachable(_ route: PublishRoute) throws {
    let port = try Loopback.freePort()
    let to =
      route == .daemon
      ? "rsync://127.0.0.1:\(port)/out" : "127.0.0.1:\(published)\nrsh: ssh -F /dev/null -p \(port)"
    try site.configure("[section publish/out]\nto: \(to)\nretries: 0")
    let outcome = try site.run("publish")
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains("Connection refused"), "\(outcome.errorText)")
    #expect(outcome.errorText.hasPrefix("mirrorctl: publish out: "), "\(outcome.errorText)")
    // ssh ends its lines with CR LF.
    let refused = "Connection refused: try ssh by hand: it must reach the host without asking\n"
    if route == .ssh { #expect(outcome.errorText.hasSuffix(refused), "\(outcome.errorText)") }
  }

  @Test("a missing or unwritable module is reported clearly")
  func wrongModule() throws {
    let daemon = try RsyncDaemon(["out": published], settings: ["refuse options = delete"], in: workspace)
    try site.configure("[section publish/out]\nto: \(daemon.url("nowhere"))\nretries: 0")
    let outcome = try site.run("publish")
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains("Unknown module"), "\(outcome.errorText)")
    let readOnly = try RsyncDaemon(["out": published], settings: ["read only = yes"], in: workspace)
    try site.configure("[section publish/out]\nto: \(readOnly.url("out"))\nretries: 0")
    let refused = try site.run("publish")
    #expect(refused.status == 1)
    #expect(refused.errorText.contains("read only"), "\(refused.errorText)")
    #expect(try Tree(published).nodes.isEmpty)
  }

  @Test("a module's password is read from its file, and never asked for at a terminal")
  func password() throws {
    try workspace.shell("umask 077; echo me:secret > secrets; echo secret > right; echo other > wrong")
    let daemon = try RsyncDaemon(
      ["out": published], settings: ["auth users = me", "secrets file = \(workspace.path)/secrets"],
      in: workspace
    )
    let url = daemon.url("out").replacing("rsync://", with: "rsync://me@")
    for (file, status) in [("", 1), ("wrong", 1), ("right", 0)] as [(String, Int32)] {
      let setting = file.isEmpty ? "" : "password-file: \(workspace.path)/\(file)"
      try site.configure("[section publish/out]\nto: \(url)\nretries: 0\n\(setting)")
      // With a terminal, where rsync could ask.
      let command = site.command(["publish"]).map { "'\($0)'" }.joined(separator: " ")
      let outcome = try workspace.run(["script", "-qec", command, "/dev/null"])
      #expect(outcome.status == status, "\(file): \(outcome.text)")
      #expect((status == 0) == !outcome.text.contains("auth failed"), "\(outcome.text)")
    }
  }

  @Test("a missing directory is not created: a disk may not be mounted")
  func missingDirectory() throws {
    try site.configure("[section publish/out]\nto: \(published)/deeper\nretries: 0")
    let outcome = try site.run("publish")
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains("No such file or directory"), "\(outcome.errorText)")
    #expect(try Tree(published).nodes.isEmpty)
  }

  @Test("the mirror itself is refused as a destination, by every route", arguments: PublishRoute.allCases)
  func itself(_ route: PublishRoute) throws {
    let daemon = route == .daemon ? try RsyncDaemon(["out": site.mirror], in: workspace) : nil
    let ssh = route == .ssh ? try SSHDaemon(in: workspace) : nil
    let to = daemon?.url("out") ?? (ssh == nil ? "\(site.mirror)/.." : "127.0.0.1:\(site.mirror)")
    let shell = ssh.map { "rsh: \($0.client)" } ?? ""
    try site.configure("[section publish/out]\nto: \(to)\ndelete: yes\nkeep-remote-grace: 0\n\(shell)")
    let before = try Tree(site.mirror)
    let outcome = try site.run("publish")
    #expect(outcome.status == (route == .path ? 1 : 5), "\(outcome.errorText)")
    #expect(try Tree(site.mirror).differences(from: before).filter { !$0.hasPrefix(".mirrorctl") } == [])
  }

  @Test("a missing rsync is reported")
  func noRsync() throws {
    try site.configure("[section publish/out]\nto: \(published)")
    let outcome = try workspace.run(["env", "PATH=/nowhere"] + site.command(["publish"]).dropFirst())
    // `env` itself is found through the PATH of the test.
    #expect(outcome.status == 1, "\(outcome.errorText)")
    #expect(outcome.errorText.contains("rsync: not found"), "\(outcome.errorText)")
  }

  @Test("a broken connection is retried")
  func retry() throws {
    // The first two connections are closed at once.
    try workspace.shell(
      """
      cat > rsh <<'END'
      #!/bin/sh
      n=$(cat '\(workspace.path)/count' 2>/dev/null || echo 0); echo $((n + 1)) > '\(workspace.path)/count'
      [ "$n" -ge 2 ] || exit 255
      shift; exec sh -c "$*"
      END
      chmod +x rsh
      """)
    try site.configure(
      "[section publish/out]\nto: there:\(published)\nrsh: \(workspace.path)/rsh\nretries: 1")
    #expect(try site.run("publish").status == 1)
    try workspace.shell("echo 1 > count")
    let outcome = try site.run("publish")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(Downloader(root: published).faults() == [])
  }

  @Test(
    "SIGINT and SIGTERM end it at once; the next run resumes the transfer",
    arguments: [SIGINT, SIGTERM])
  func interrupted(_ signal: Int32) throws {
    try site.build("std/x86/gen", "2016-01-02", bytes: 3_000_000, seed: 5)
    try site.refresh()
    try site.configure("[section publish/out]\nto: \(published)\nbandwidth: 512K")
    let run = try site.start("publish")
    // Wait until the tarball is being sent.
    while run.isRunning, try !isUnderWay() { usleep(5_000) }
    #expect(run.isRunning)
    kill(run.pid, signal)
    let outcome = try run.wait()
    #expect(outcome.status == 128 + signal, "\(outcome.errorText)")
    let there = try Tree(published).nodes
    #expect(there["index.xml"] == nil)
    #expect(!there.keys.contains { $0.hasSuffix("/status") })
    #expect(try Tree(site.mirror).nodes.keys.filter { $0.hasPrefix(".mirrorctl-") } == [])
    try site.configure("[section publish/out]\nto: \(published)")
    #expect(try site.run("publish").status == 0)
    #expect(Downloader(root: published).faults() == [])
    let left = try Tree(published).nodes.keys.filter { $0.contains("/.") }
    #expect(left.allSatisfy { $0.hasPrefix("project/trace/.") }, "\(left)")
  }

  @Test("SIGKILL leaves no process behind, not even children of rsync")
  func orphans() throws {
    // A remote shell that never sends anything.
    try workspace.shell(
      "printf '#!/bin/sh\\necho $$ > \(workspace.path)/pid\\nexec sleep 300\\n' > rsh; chmod +x rsh")
    try site.configure("[section publish/out]\nto: there:\(published)\nrsh: \(workspace.path)/rsh")
    let run = try site.start("publish")
    let file = "\(workspace.path)/pid"
    while run.isRunning, (FileManager.default.contents(atPath: file) ?? Data()).isEmpty { usleep(5_000) }
    let text = String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
    let pid = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    #expect(kill(pid, 0) == 0)
    kill(run.pid, SIGKILL)
    _ = try run.wait()
    for _ in 0..<1000 where isAlive(pid) { usleep(10_000) }
    #expect(!isAlive(pid))
  }

  /// Whether a process runs; a zombie that nobody reaps does not.
  private func isAlive(_ pid: Int32) -> Bool {
    let status = FileManager.default.contents(atPath: "/proc/\(pid)/stat").map {
      String(decoding: $0, as: UTF8.self)
    }
    return status.map { !$0.contains(") Z ") } ?? false
  }

  private func isUnderWay() throws -> Bool {
    let found = try workspace.run([
      "find", published.string, "-name", ".*.tar.xz.*", "-size", "+1k",
    ])
    return !found.text.isEmpty
  }

  @Test("of two at once, the second reports who holds the lock and exits with 10")
  func busy() throws {
    try site.build("std/x86/gen", "2016-01-02", bytes: 3_000_000, seed: 5)
    try site.refresh()
    try site.configure("[section publish/out]\nto: \(published)\nbandwidth: 512K")
    let run = try site.start("publish")
    while run.isRunning, try !isUnderWay() { usleep(5_000) }
    let second = try site.run("publish")
    #expect(second.status == 10, "\(second.errorText)")
    #expect(second.errorText.contains("mirrorctl publish"), "\(second.errorText)")
    kill(run.pid, SIGKILL)
    _ = try run.wait()
  }

  @Test(
    "a full disk there is reported, and the index is kept",
    .enabled(if: geteuid() == 0, "mounting needs root"))
  func fullDisk() throws {
    let (status, _) = try Tool.run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", published.string)
    try #require(status == 0)
    defer { _ = try? Tool.run("umount", "--lazy", published.string) }
    try site.configure("[section publish/out]\nto: \(published)\nretries: 0")
    #expect(try site.run("publish").status == 0)
    let index = FileManager.default.contents(atPath: "\(published)/index.xml")
    try site.build("std/x86/gen", "2016-01-02", bytes: 2_000_000, seed: 5)
    try site.refresh()
    let outcome = try site.run("publish")
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains("No space left"), "\(outcome.errorText)")
    #expect(FileManager.default.contents(atPath: "\(published)/index.xml") == index)
    #expect(Downloader(root: published).faults() == [])
  }
}

import LinuxSystem
import Foundation
import Glibc
import StageBuilder
import SystemPackage
import TestSupport
import Testing

@Suite("A mount of a step", .enabled(if: Host.isRoot, Host.needsRoot)) struct MountStepTests {
  @Test("that is read-only cannot be written to, others can")
  func readOnlyCannot() throws {
    let root = try SandboxRoot()
    try root.directory.shell("mkdir ro rw; echo kept > ro/file; chown -R \(SandboxRoot.stepRoot) ro rw")
    let text = try root.print(
      """
      echo x > /ro/new || echo refused; echo x >> /ro/file || echo refused; rm /ro/file || echo refused
      echo written > /rw/new; cat /ro/file
      """
    ) {
      $0.mounts = [
        .init(source: "\(root.directory.path)/ro", target: "/ro", isReadOnly: true),
        .init(source: "\(root.directory.path)/rw", target: "/rw"),
      ]
    }
    #expect(text.split(separator: "\n").filter { $0 == "refused" }.count == 3)
    #expect(text.hasSuffix("kept\n"))
    #expect(try Tree(root.directory.path.appending("ro")).nodes == ["file": .file(Array("kept\n".utf8))])
    #expect(try Tree(root.directory.path.appending("rw")).nodes == ["new": .file(Array("written\n".utf8))])
  }

  @Test("may be a file")
  func mayBeFile() throws {
    let root = try SandboxRoot()
    try root.directory.shell("echo secret > key")
    let text = try root.print("cat /etc/portage/key") {
      $0.mounts = [.init(source: "\(root.directory.path)/key", target: "/etc/portage/key", isReadOnly: true)]
    }
    #expect(text == "secret\n")
  }

  @Test("leaves no mount point that was created for it")
  func leavesNoMount() throws {
    let root = try SandboxRoot()
    try root.directory.shell("mkdir cache; echo secret > key; rm -r root/etc; mkdir -p root/var/lib")
    let before = try Tree(root.path)
    _ = try root.print("test -d /var/cache/deep/er && test -f /var/lib/key") {
      $0.mounts = [
        .init(source: "\(root.directory.path)/cache", target: "/var/cache/deep/er"),
        .init(source: "\(root.directory.path)/key", target: "/var/lib/key"),
      ]
    }
    #expect(try Tree(root.path).differences(from: before) == [])
  }

  @Test("may be far below the directories that exist")
  func mayBeDeep() throws {
    let root = try SandboxRoot()
    try root.directory.shell("mkdir cache; echo kept > cache/file")
    let before = try Tree(root.path)
    let deep = String(repeating: "/d", count: 300)
    let text = try root.print("cat \(deep)/file") {
      $0.mounts = [.init(source: "\(root.directory.path)/cache", target: deep)]
    }
    #expect(text == "kept\n")
    #expect(try Tree(root.path).differences(from: before) == [])
  }

  @Test("leaves a created directory if the step put something into it")
  func leavesDirectoryOn() throws {
    let root = try SandboxRoot()
    try root.directory.shell("mkdir cache")
    _ = try root.print("echo mine > /var/cache/beside") {
      $0.mounts = [.init(source: "\(root.directory.path)/cache", target: "/var/cache/deep")]
    }
    #expect(
      try Tree(root.path.appending("var")).nodes == [
        "cache": .directory, "cache/beside": .file(Array("mine\n".utf8)),
      ])
  }

  @Test("follows links inside the root")
  func followsLinksInside() throws {
    let root = try SandboxRoot()
    try root.directory.shell("mkdir -p cache root/real; ln -s /real root/var; echo x > cache/file")
    let text = try root.print("cat /real/cache/file") {
      $0.mounts = [.init(source: "\(root.directory.path)/cache", target: "/var/cache")]
    }
    #expect(text == "x\n")
    #expect(try Tree(root.path.appending("real")).nodes.isEmpty)
  }

  @Test("is named if its source is missing")
  func whoseSourceMissing() throws {
    let root = try SandboxRoot()
    let error = #expect(throws: MirrorError.self) {
      try root.run(root.plan("true") { $0.mounts = [.init(source: "/missing/source", target: "/x")] })
    }
    #expect(error?.subject == "/missing/source")
  }

  @Test("is never visible on the host: the mount table is the same before, during and after")
  func neverSeenHost() throws {
    let root = try SandboxRoot()
    let before = try Host.mounts(root)
    let run = try root.directory.start(
      root.command(root.plan("touch /begun; while ! test -e /go; do sleep 0.01; done")))
    try Host.wait { access(root.path.appending("begun").string, F_OK) == 0 }
    #expect(try Host.mounts(root) == before)
    try root.directory.shell("touch root/go")
    #expect(try run.wait().status == 0)
    #expect(try Host.mounts(root) == before)
  }

  @Test("made by the step itself is private to it")
  func stepMakesItself() throws {
    let root = try SandboxRoot()
    let before = try Host.mounts(root)
    let text = try root.print("mkdir /more; mount -t tmpfs none /more && echo x > /more/x; ls /more")
    #expect(text == "x\n")
    #expect(try Host.mounts(root) == before)
    #expect(try Tree(root.path.appending("more")).nodes.isEmpty)
  }
}

@Suite("The host's hosts and resolv.conf", .enabled(if: Host.isRoot, Host.needsRoot))
struct HostSHostsResolvConfTests {
  private let hosts = String(
    decoding: FileManager.default.contents(atPath: "/etc/hosts") ?? Data(), as: UTF8.self)

  @Test("are visible during a step, and the root has its own file again afterwards")
  func seenDuringStep() throws {
    let root = try SandboxRoot()
    try root.directory.shell(
      "echo own > root/etc/hosts; chown 7:8 root/etc/hosts; touch -d 2001-01-01 root/etc/hosts")
    let before = try root.directory.run([
      "stat", "-c", "%i %u %g %a %y", "\(root.directory.path)/root/etc/hosts",
    ]).text
    #expect(try root.print("cat /etc/hosts").hasSuffix(hosts))
    #expect(try Tree(root.path.appending("etc")).nodes == ["hosts": .file(Array("own\n".utf8))])
    #expect(
      try root.directory.run(["stat", "-c", "%i %u %g %a %y", "\(root.directory.path)/root/etc/hosts"]).text
        == before)
  }

  @Test(
    "are never part of the root afterwards, whatever the step makes of its copy",
    arguments: [
      "echo x >> /etc/hosts", "sed -i s/localhost/other/ /etc/hosts", "cp /etc/hosts /n; mv /n /etc/hosts",
      "rm /etc/hosts", "chmod 0 /etc/hosts", "true",
    ])
  func takenBack(script: String) throws {
    let root = try SandboxRoot()
    try root.directory.shell("echo own > root/etc/hosts")
    _ = try root.print(script)
    #expect(try Tree(root.path.appending("etc")).nodes == ["hosts": .file(Array("own\n".utf8))])
  }

  @Test("can be replaced by the step, as a package manager does, and then belong to the root")
  func replaced() throws {
    let root = try SandboxRoot()
    try root.directory.shell("echo own > root/etc/hosts")
    _ = try root.print("echo theirs > /etc/.hosts.new; mv /etc/.hosts.new /etc/hosts")
    #expect(try Tree(root.path.appending("etc")).nodes == ["hosts": .file(Array("theirs\n".utf8))])
  }

  @Test("leave nothing in a root that has no such files")
  func leaveNothing() throws {
    let root = try SandboxRoot()
    try root.directory.shell("rmdir root/etc")
    #expect(try root.print("cat /etc/hosts").hasSuffix(hosts))
    #expect(access(root.path.appending("etc").string, F_OK) != 0)
  }

  @Test(
    "are mounted where a link in the root leads, even to nothing; the link stays",
    arguments: [
      "../run/names", "/run/resolve/stub.conf",
    ])
  func whereLinkLeads(target: String) throws {
    let root = try SandboxRoot()
    try root.directory.shell("mkdir root/run; echo own > root/run/names; ln -s \(target) root/etc/hosts")
    let before = try Tree(root.path)
    #expect(try root.print("cat /etc/hosts").hasSuffix(hosts))
    #expect(try Tree(root.path).differences(from: before) == [])
  }

  @Test("are left out with a message if the root has something unusual there")
  func unusual() throws {
    let root = try SandboxRoot()
    try root.directory.shell("mkdir root/etc/resolv.conf; ln -s hosts root/etc/hosts")
    let text = try root.print("test -d /etc/resolv.conf; test ! -e /etc/hosts; echo on")
    #expect(text.contains("mirrorctl: /etc/hosts: is a symbolic link"))
    #expect(text.contains("mirrorctl: /etc/resolv.conf: is not a regular file in the root"))
    #expect(text.hasSuffix("on\n"))
  }
}

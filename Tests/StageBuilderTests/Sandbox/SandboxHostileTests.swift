import LinuxSystem
import Foundation
import Glibc
import StageBuilder
import SystemPackage
import TestSupport
import Testing

/// A root whose names lead, or would lead, to a victim beside it.
@Suite("A hostile root", .enabled(if: Host.isRoot, Host.needsRoot)) struct HostileRootTests {
  struct Trap: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Shell commands, in the directory of the test; `$victim` is absolute.
    let preparation: String
    /// Whether a step can run at all.
    var runs = true
  }

  static let traps = [
    Trap(testDescription: "/etc", preparation: "rm -r root/etc; ln -s $victim root/etc"),
    Trap(testDescription: "/etc, upwards", preparation: "rm -r root/etc; ln -s ../../../$victim root/etc"),
    Trap(testDescription: "/etc/hosts", preparation: "ln -s $victim/hosts root/etc/hosts"),
    Trap(testDescription: "/etc/resolv.conf", preparation: "ln -s $victim/new root/etc/resolv.conf"),
    Trap(testDescription: "/tmp", preparation: "rm -r root/tmp; ln -s $victim root/tmp", runs: false),
    Trap(testDescription: "/proc", preparation: "ln -s $victim root/proc", runs: false),
    Trap(testDescription: "/proc, a file", preparation: "touch root/proc", runs: false),
    Trap(testDescription: "/dev", preparation: "ln -s $victim root/dev", runs: false),
    Trap(testDescription: "/dev, upwards", preparation: "ln -s ../victim root/dev", runs: false),
    Trap(
      testDescription: "the script, a link",
      preparation: "ln -s $victim/hosts root/tmp/steps-chroot-run.metro"),
    Trap(testDescription: "the script, a FIFO", preparation: "mkfifo root/tmp/steps-chroot-run.metro"),
    Trap(
      testDescription: "the script, a hard link",
      preparation: "ln victim/hosts root/tmp/steps-chroot-run.metro"),
    Trap(
      testDescription: "the script, a directory", preparation: "mkdir root/tmp/steps-chroot-run.metro",
      runs: false),
    Trap(
      testDescription: "a mount's target", preparation: "mkdir root/var; ln -s $victim root/var/cache",
      runs: false),
    Trap(testDescription: "a mount's parent", preparation: "ln -s ../victim root/var", runs: false),
    Trap(
      testDescription: "/proc by a magic link", preparation: "ln -s /proc/1/root/$victim root/etc/hosts"),
  ]

  @Test("leads nothing outside", arguments: traps)
  func leadsNothingOutside(trap: Trap) throws {
    let root = try SandboxRoot()
    let victim = root.directory.path.appending("victim")
    try root.directory.shell(
      "victim='\(victim)'; mkdir -p victim/sub cache; echo own > victim/hosts; \(trap.preparation)")
    let before = try Tree(victim)
    let table = try Host.mounts(root)
    let plan = root.plan("cat /etc/hosts 2>/dev/null; echo ran") {
      $0.mounts = [.init(source: "\(root.directory.path)/cache", target: "/var/cache/packages")]
    }
    if trap.runs {
      let (end, text) = try root.run(plan)
      #expect(end == .exited(0))
      #expect(text.hasSuffix("ran\n") && !text.contains("own"))
    } else {
      let error = #expect(throws: MirrorError.self) { try root.run(plan) }
      #expect(error?.remedy != nil, "\(error as Any)")
    }
    #expect(try Tree(victim).differences(from: before) == [])
    #expect(try Host.mounts(root) == table)
  }

  @Test("cannot lead the cleanup outside either")
  func cannotLeadClearing() throws {
    let root = try SandboxRoot()
    let victim = root.directory.path.appending("victim")
    try root.directory.shell("mkdir -p victim/packages cache; touch victim/steps-chroot-run.metro")
    let before = try Tree(victim)
    let script = """
      umount /var/cache/packages && rmdir /var/cache/packages && rmdir /var/cache && ln -s \(victim) /var/cache
      rm -r /tmp && ln -s \(victim) /tmp; echo ran
      """
    let text = try root.print(script) {
      $0.mounts = [.init(source: "\(root.directory.path)/cache", target: "/var/cache/packages")]
    }
    #expect(text == "ran\n")
    #expect(try Tree(victim).differences(from: before) == [])
  }
}

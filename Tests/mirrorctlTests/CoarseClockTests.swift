import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// A file system with timestamps in whole seconds, mounted on a directory and unmounted with this value.
private final class CoarseDisk {
  private let path: FilePath

  static let works: Bool = {
    guard geteuid() == 0, let workspace = try? Workspace(), let disk = try? CoarseDisk(in: workspace) else {
      return false
    }
    defer { withExtendedLifetime(disk) {} }
    return (try? workspace.shell("touch mirror/x; stat -c %y mirror/x | grep -q '\\.000000000'")) != nil
  }()

  init(in workspace: Workspace) throws {
    path = workspace.mirror
    try workspace.shell(
      "truncate -s 16M image; mke2fs -q -F -t ext4 -I 128 image 2> /dev/null; mount -o loop image mirror")
  }

  deinit { _ = try? Tool.run("umount", "--lazy", path.string) }
}

@Suite(
  "On a file system with timestamps in whole seconds",
  .enabled(if: CoarseDisk.works, "needs root and loop devices"))
struct CoarseClockTests {
  private let workspace: Workspace
  private let disk: CoarseDisk
  private static let version = "mirror/std/x86-64bit/gen/2016-11-17"
  private static let tarball = "\(version)/stage3-gen-std-2016-11-17.tar.xz"

  init() throws {
    workspace = try Workspace()
    disk = try CoarseDisk(in: workspace)
    try workspace.shell("mkdir -p \(Self.version); echo ok > \(Self.version)/status")
  }

  /// Waits for the start of a second, so that the next operations fall within it.
  private static let atTickStart = "sleep $(awk -v n=$(date +%N) 'BEGIN { printf \"%.3f\", 1.02 - n / 1e9 }')"

  @Test("a file overwritten in the same second as its digest is noticed, and not reported as corrupt")
  func overwritten() throws {
    try workspace.shell(
      """
      \(Self.atTickStart)
      echo one | xz > \(Self.tarball)
      '\(Program.path)' digestgen -q --mirror mirror
      echo two | xz > \(Self.tarball)
      """)
    let verified = try workspace.mirrorctl("verify", "-q")
    #expect(verified.status == 3, "\(verified.text)")
    #expect(verified.text.hasPrefix("changed"), "\(verified.text)")
    #expect(try workspace.mirrorctl("digestgen", "-q").status == 0)
    #expect(try workspace.mirrorctl("verify", "-q").status == 0)
  }

  @Test("a sidecar written in the same second as its tarball is not trusted unread")
  func adopted() throws {
    try workspace.shell(
      """
      \(Self.atTickStart)
      echo one | xz > \(Self.tarball)
      printf 'sha256 %s\\n' $(sha256sum < \(Self.tarball) | cut -c 1-64) > \(Self.tarball).hash.txt
      echo two | xz > \(Self.tarball)
      """)
    let before = try workspace.mirrorctl("verify", "-q")
    #expect(before.status == 3, "\(before.text)")
    #expect(before.text.hasPrefix("changed"), "\(before.text)")
    let made = try workspace.mirrorctl("digestgen", "-q")
    #expect(made.status == 0, "\(made.errorText)")
    let verified = try workspace.mirrorctl("verify", "-q")
    #expect(verified.status == 0, "\(verified.text)")
  }
}

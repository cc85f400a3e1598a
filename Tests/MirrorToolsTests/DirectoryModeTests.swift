@testable import LinuxSystem
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("A new directory of the mirror")
struct DirectoryModeTests {
  private let mirror: TestMirror

  init() throws { mirror = try TestMirror() }

  private func made(_ path: MirrorPath, _ ownershipRules: OwnershipRules = OwnershipRules()) throws
    -> FileStatus
  {
    try AnchoredDirectory(root: mirror.root, ownershipRules: ownershipRules).makePath(path).status()
  }

  @Test(
    "has the mode of its parent", arguments: [0o755, 0o775, 0o2775, 0o750, 0o1777] as [UInt32])
  func mode(_ mode: UInt32) throws {
    try #require(chmod(mirror.root.string, mode) == 0)
    // Who may write to a sticky directory need not write to those in it.
    #expect(try made("std/x86/gen/2016-01-01").mode & 0o7777 == mode & 0o2777)
    var ownershipRules = OwnershipRules()
    ownershipRules.mode = 0o711
    #expect(try made("other/x86", ownershipRules).mode & 0o7777 == 0o711)
  }

  @Test("has its owner and group, if root makes it", .enabled(if: geteuid() == 0, "root gives files away"))
  func owner() throws {
    try #require(chown(mirror.root.string, 65534, 12) == 0)
    let status = try made("std/x86")
    #expect(status.uid == 65534 && status.gid == 12)
    var ownershipRules = OwnershipRules()
    (ownershipRules.owner, ownershipRules.group) = (1, 2)
    let other = try made("other", ownershipRules)
    #expect(other.uid == 1 && other.gid == 2)
  }
}

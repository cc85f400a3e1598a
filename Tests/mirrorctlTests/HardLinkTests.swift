import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// A mirror of an ordinary user, who linked a file of root into it. Root makes the links of these tests, which
/// other users can make only where `fs.protected_hardlinks` is 0.
@Suite(
  "A hard link to root's file in another user's mirror", .enabled(if: geteuid() == 0, "only root can chown"))
struct HardLinkTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try FaultMirror.make("mirror", in: workspace)
    try workspace.shell("echo secret > secret; chmod 600 secret; chown -R 65534:65534 mirror")
  }

  private func expectUntouched() throws {
    #expect(try workspace.shell("stat -c '%u %g %a' secret; cat secret").text == "0 0 600\nsecret\n")
  }

  @Test("is refused as the lock of the mirror, which is neither given away nor overwritten")
  func lock() throws {
    try workspace.shell("ln secret mirror/.mirrorctl.lock")
    let outcome = try workspace.mirrorctl("index", "-q")
    #expect(outcome.status == 5, "\(outcome.errorText)")
    let lock = "\(workspace.mirror)/.mirrorctl.lock"
    #expect(outcome.errorText.contains("\(lock): has 2 names (hard links)"), "\(outcome.errorText)")
    try expectUntouched()
    try workspace.shell("rm mirror/.mirrorctl.lock")
    #expect(try workspace.mirrorctl("index", "-q").status == 0)
  }

  @Test("is refused as the lock if it is a pipe or another user's file", arguments: ["mkfifo", "touch"])
  func otherLocks(_ program: String) throws {
    try workspace.shell("\(program) mirror/.mirrorctl.lock; chown 12345 mirror/.mirrorctl.lock")
    let outcome = try workspace.mirrorctl("index", "-q")
    #expect(outcome.status == 5, "\(outcome.errorText)")
    #expect(outcome.errorText.contains(".mirrorctl.lock: "), "\(outcome.errorText)")
    #expect(try workspace.shell("stat -c %u mirror/.mirrorctl.lock").text == "12345\n")
  }

  @Test("is not written to as a part of the catalog", arguments: ["-wal", "-shm", "-journal"])
  func catalog(_ suffix: String) throws {
    _ = try workspace.mirrorctl("digestgen", "-q")
    try workspace.shell(
      """
      file=$(echo state/mirrorctl/*.sqlite); rm -f "$file-wal" "$file-shm" "$file-journal"
      ln secret "$file\(suffix)"; chown 65534 state/mirrorctl
      """)
    let outcome = try workspace.mirrorctl("digestgen", "-q")
    #expect(outcome.errorText.contains("\(suffix): has 2 names"), "\(outcome.errorText)")
    try expectUntouched()
  }
}

@Suite(
  "A hard link to root's file in an upload", .enabled(if: geteuid() == 0, "only root can chown"))
struct LinkedUploadTests {
  @Test("is neither given away nor received")
  func upload() throws {
    let workspace = try Workspace()
    let master = try PublishSite("master", in: workspace)
    try #require(try master.run("upkeep", "--create").status == 0)
    try ForgedUpload(files: ForgedUpload.version("std/x86/gen/2016-01-02")).write(to: master.mirror)
    let tarball = "std/x86/gen/2016-01-02/stage3-gen-std-2016-01-02.tar.xz"
    // The uploader knows its content, so the digest is right.
    try workspace.shell(
      """
      cp master/mirror/.incoming/one/\(tarball) secret; chmod 600 secret
      chown -R 65534:65534 master/mirror; ln -f secret master/mirror/.incoming/one/\(tarball)
      """)
    let outcome = try master.run("receive")
    #expect(outcome.status != 0, "\(outcome.text)")
    #expect(outcome.errorText.contains("several names (hard links)"), "\(outcome.errorText)")
    #expect(try workspace.shell("stat -c '%u %g %a %h' secret").text == "0 0 600 1\n")
    #expect(!FileManager.default.fileExists(atPath: "\(master.mirror)/\(tarball)"))
  }
}

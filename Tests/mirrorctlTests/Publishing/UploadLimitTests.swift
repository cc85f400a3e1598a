import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("Limits of uploads")
struct UploadLimitTests {
  private let workspace: Workspace
  private let master: PublishSite
  private let version = "std/x86/gen/2016-01-02"

  init() throws {
    workspace = try Workspace()
    master = try PublishSite("master", in: workspace)
    try #require(try master.run("upkeep", "--create").status == 0)
    try workspace.shell("cd master/mirror; \(HostileUploadCase.owned)")
  }

  private func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(master.mirror)/\(path)")
  }

  /// Makes nested directories, deeper than a path can name.
  private func nest(_ count: Int, in path: String) throws {
    try workspace.shell("mkdir -p '\(master.mirror)/\(path)'")
    var raw = open("\(master.mirror)/\(path)", O_RDONLY | O_DIRECTORY)
    defer { close(raw) }
    for _ in 0..<count {
      guard mkdirat(raw, "d", 0o755) == 0 else { throw Errno(rawValue: errno) }
      let next = openat(raw, "d", O_RDONLY | O_DIRECTORY)
      close(raw)
      raw = next
    }
  }

  @Test("20,000 nested directories end no run, and are removed with the next complete upload")
  func deep() throws {
    try nest(20_000, in: ".incoming/one/std")
    for verb in ["receive", "upkeep"] {
      let outcome = try master.run(verb)
      #expect(outcome.status == 0, "\(outcome.errorText)")
    }
    try ForgedUpload(files: HostileUploadCase.next).write(to: master.mirror)
    let outcome = try master.run("receive")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(exists("\(version)/status"))
    #expect(try workspace.shell("ls master/mirror/.incoming/one").text == "")
  }

  @Test("20,000 nested directories in a version are removed with it")
  func deepVersion() throws {
    try nest(20_000, in: "std/x86/gen/.mirrorctl-999999999-00.tmp")
    let outcome = try master.run("upkeep")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(!exists("std/x86/gen/.mirrorctl-999999999-00.tmp"))
  }

  @Test("an upload that is too large waits until the configuration allows it")
  func tooLarge() throws {
    try ForgedUpload(files: ForgedUpload.version(version, String(repeating: "x", count: 2000))).write(
      to: master.mirror)
    try master.configure("[section receive/one]\nmax-size: 1K")
    let refused = try master.run("receive")
    #expect(refused.status == 3)
    #expect(
      refused.errorText.contains(
        "/.incoming/one: contains 2.0 KiB, more than the 1.0 KiB that one may send at once"),
      "\(refused.errorText)")
    #expect(!exists(version))
    try master.configure("[section receive/one]\nmax-size: 3K")
    #expect(try master.run("receive").status == 0)
    #expect(exists("\(version)/status"))
  }

  @Test("a sparse file is not received, and must be sent again")
  func sparse() throws {
    let zeros = String(repeating: "\0", count: 1 << 20)
    try ForgedUpload(files: ForgedUpload.version(version, zeros)).write(to: master.mirror)
    let file = "master/mirror/.incoming/one/\(HostileUploadCase.tarball)"
    try workspace.shell("rm '\(file)'; truncate -s 1M '\(file)'")
    let refused = try master.run("receive")
    #expect(refused.status == 3 && refused.errorText.contains("is a sparse file"), "\(refused.errorText)")
    #expect(!exists(version) && !exists(".incoming/one/.complete"))
    try ForgedUpload(files: ForgedUpload.version(version, zeros)).write(to: master.mirror)
    #expect(try master.run("receive").status == 0)
  }

  @Test("a file that has another name elsewhere is not received, and keeps its owner and mode")
  func hardLink() throws {
    try ForgedUpload(files: HostileUploadCase.next).write(to: master.mirror)
    try workspace.shell(
      """
      ln 'master/mirror/.incoming/one/\(HostileUploadCase.tarball)' secret; chmod 600 secret
      """)
    let outcome = try master.run("receive")
    #expect(outcome.status == 3)
    #expect(outcome.errorText.contains("has several names (hard links)"), "\(outcome.errorText)")
    #expect(!exists(HostileUploadCase.tarball))
    #expect(try workspace.shell("stat -c %a secret").text == "600\n")
  }

  @Test(
    "names that a killed run gave to a file do not count",
    arguments: [HostileUploadCase.tarball, "std/x86/gen/2016-01-02/.mirrorctl-999999999-00.tmp"])
  func killed(_ name: String) throws {
    try ForgedUpload(files: HostileUploadCase.next).write(to: master.mirror)
    try workspace.shell(
      """
      cd master/mirror; mkdir -p \(version); ln '.incoming/one/\(HostileUploadCase.tarball)' '\(name)'
      """)
    let outcome = try master.run("receive")
    #expect(outcome.status == 0 && outcome.errorText == "", "\(outcome.errorText)")
    #expect(
      try workspace.shell("cd master/mirror; stat -c %h \(HostileUploadCase.tarball); ls -A \(version)").text
        == "1\nlog\nstage3-gen-std-2016-01-02.tar.xz\nstatus\n")
  }
}

@Suite("A file that is exchanged while it is received", .enabled(if: Tracing.works, "\(Tracing.reason)"))
struct UploadExchangeTests {
  @Test("never appears in the mirror, and does not remove the file that it replaces")
  func exchanged() throws {
    let workspace = try Workspace()
    let tarball = HostileUploadCase.tarball
    try #require(try workspace.mirrorctl("upkeep", "--create").status == 0)
    try workspace.shell(
      """
      printf '[section receive/one]\\nreplace: yes\\n' > .metro
      cd mirror; \(HostileUploadCase.owned); mkdir -p std/x86/gen/2016-01-02
      echo released | xz > \(tarball); cp \(tarball) ../released
      """)
    try ForgedUpload(files: HostileUploadCase.next).write(to: workspace.mirror)
    // The first file gets its mode just before it is moved.
    let run = try HaltedRun(["receive"], after: "fchmod", in: workspace)
    try workspace.shell("cd mirror/.incoming/one; echo trojan > x; mv x \(tarball)")
    let outcome = try run.resume()
    #expect(outcome.status == 3)
    #expect(outcome.errorText.contains("changed during receiving"), "\(outcome.errorText)")
    try workspace.shell("cmp mirror/\(tarball) released")
    #expect(
      try workspace.shell("ls -A mirror/std/x86/gen/2016-01-02").text == "stage3-gen-std-2016-01-02.tar.xz\n")
  }
}

import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("Deletions at a destination by publish", .enabled(if: Tool.exists("rsync"), "rsync is not installed"))
struct PublishDeletionTests {
  private let mirror: PublishedMirror
  private var site: PublishSite { mirror.site }
  private let deleting = "delete: yes\nkeep-remote-grace: 0"

  init() throws {
    mirror = try PublishedMirror()
    try mirror.fill()
    try mirror.configure(deleting)
  }

  private func publish(_ given: PublishedMirror? = nil, _ status: Int32 = 0) throws -> Outcome {
    let outcome = try (given ?? mirror).site.run("publish")
    #expect(outcome.status == status, "\(outcome.text)\(outcome.errorText)")
    return outcome
  }

  private func remove(_ path: String) throws {
    try mirror.workspace.shell("rm -r '\(site.mirror)/\(path)'")
    // A deleted subarch counts as missing until it is forgotten.
    try site.run("forget", path.split(separator: "/").prefix(3).joined(separator: "/"))
    #expect(try site.run("index", "--quiet").status == 0)
  }

  @Test("two mirrors with different builds at one destination: each deletes only its own, whatever is lost")
  func twoMasters() throws {
    let other = try PublishedMirror("other", in: mirror.workspace)
    try other.site.build("next/x86/gen", "2016-01-01", seed: 7)
    try other.site.build("next/x86/gen", "2016-01-02", seed: 8)
    try other.site.refresh()
    try other.configure(deleting)
    let theirs = PublishedMirror.tarball("next/x86/gen", "2016-01-01")
    for _ in 0..<2 {
      _ = try publish()
      _ = try publish(other)
    }
    #expect(mirror.exists(theirs) && mirror.exists(PublishedMirror.gen))
    // A lost catalog changes nothing.
    try mirror.workspace.shell("rm -rf '\(site.home)/state' '\(other.site.home)/state'")
    try remove("std/x86/gen/2016-01-01")
    _ = try publish()
    _ = try publish(other)
    #expect(!mirror.exists("std/x86/gen/2016-01-01"))
    #expect(mirror.exists(theirs) && mirror.exists(PublishedMirror.gen))
  }

  @Test("a subarch deleted here is deleted there with its directory, whatever is lost")
  func subarch() throws {
    _ = try publish()
    try remove("std/arm")
    try mirror.workspace.shell("rm -rf '\(site.home)/state'")
    _ = try publish()
    #expect(!mirror.exists("std/arm/v7"))
  }

  @Test("without a record nothing is deleted, the omission is reported once, and the record is rewritten")
  func noRecord() throws {
    _ = try publish()
    try mirror.forgetRecords()
    try remove("std/x86/gen/2016-01-01")
    let planned = try site.run("publish", "--dry-run")
    #expect(planned.errorText.contains("no record shows"), "\(planned.errorText)")
    let first = try publish()
    #expect(first.errorText.contains("no record shows"), "\(first.errorText)")
    #expect(mirror.exists("std/x86/gen/2016-01-01/status"))
    #expect(try publish().errorText == "")
    try remove("std/arm/v7/2016-01-01")
    _ = try publish()
    #expect(!mirror.exists("std/arm/v7/2016-01-01"))
    #expect(mirror.exists("std/x86/gen/2016-01-01/status"))
  }

  @Test("a broken record, or one of another mirror with the same name, deletes nothing")
  func foreignRecord() throws {
    _ = try publish()
    try remove("std/x86/gen/2016-01-01")
    let record = "published/project/trace/.master.sent"
    try mirror.workspace.shell("cp \(record) kept; echo nonsense >> \(record)")
    let broken = try publish()
    #expect(broken.errorText.contains("cannot parse the record"), "\(broken.errorText)")
    #expect(mirror.exists("std/x86/gen/2016-01-01/status"))
    try mirror.workspace.shell("sed 's|^origin .*|origin elsewhere:/srv/mirror|' kept > \(record)")
    let foreign = try publish(nil, 3)
    #expect(foreign.errorText.contains("published there from elsewhere:/srv/mirror"), "\(foreign.errorText)")
    #expect(mirror.exists("std/x86/gen/2016-01-01/status"))
    #expect(try publish().errorText == "")
  }

  @Test("files are recorded before they are sent")
  func recordFirst() throws {
    try mirror.configure(deleting + "\nbandwidth: 512K")
    try site.build("std/x86/gen", "2016-01-03", bytes: 3_000_000, seed: 5)
    try site.refresh()
    let run = try site.start("publish")
    let record = "\(mirror.published)/project/trace/.master.sent"
    while run.isRunning,
      try mirror.workspace.run(["find", "\(mirror.published)", "-name", ".stage3*"]).text == ""
    {
      usleep(5_000)
    }
    let text = try String(contentsOfFile: record, encoding: .utf8)
    #expect(text.contains("stage3-gen-std-2016-01-03.tar.xz\n"))
    kill(run.pid, SIGKILL)
    _ = try run.wait()
    // Its partial files are deleted, though they never had their final names.
    try mirror.configure(deleting)
    try remove("std/x86/gen/2016-01-03")
    try mirror.workspace.shell(
      "ln -sfn 2016-01-02/stage3-gen-std-2016-01-02.tar.xz '\(site.mirror)/std/x86/gen/stage3-latest.tar.xz'")
    try site.refresh()
    _ = try publish()
    #expect(!mirror.exists("std/x86/gen/2016-01-03"))
    #expect(try !String(contentsOfFile: record, encoding: .utf8).contains("2016-01-03"))
  }

  @Test("what a killed rsync leaves there is deleted, whatever file it was; other hidden files are kept")
  func leftovers() throws {
    _ = try publish()
    let (ours, theirs) = (
      [".index.xml.aB3dE6", "std/x86/gen/2016-01-01/.status.Zz9zzz"],
      [".index.xml.backup", "std/x86/gen/2016-01-01/.robots.txt.aB3dE6"]
    )
    for path in ours + theirs { try mirror.workspace.shell("echo x > '\(mirror.published)/\(path)'") }
    _ = try publish()
    for path in ours { #expect(!mirror.exists(path), "\(path)") }
    for path in theirs { #expect(mirror.exists(path), "\(path)") }
  }

  @Test("files that clean removed do not count against max-delete")
  func largeClean() throws {
    for day in 3...9 { try site.build("std/x86/gen", "2016-01-0\(day)", bytes: 1000, seed: UInt64(day)) }
    try site.refresh()
    try mirror.configure(deleting + "\nmax-delete: 5")
    _ = try publish()
    #expect(try site.run("clean", "--apply", "--keep", "1", "--quiet").status == 0)
    #expect(try publish().text.contains("deleted there"))
    #expect(!mirror.exists("std/x86/gen/2016-01-05"))
    // Files removed by hand do.
    try site.build("std/x86/gen", "2016-02-01", bytes: 1000, seed: 70)
    try site.refresh()
    _ = try publish()
    try remove("std/x86/gen/2016-01-09")
    _ = try publish(nil, 5)
    #expect(mirror.exists("std/x86/gen/2016-01-09"))
  }

  @Test(
    "a full disk there is freed by due deletions; files named by its index are kept",
    .enabled(if: geteuid() == 0, "mounting needs root"))
  func fullDisk() throws {
    let (status, _) = try Tool.run(
      "mount", "-t", "tmpfs", "-o", "size=1536k", "tmpfs", mirror.published.string)
    try #require(status == 0)
    defer { _ = try? Tool.run("umount", "--lazy", mirror.published.string) }
    _ = try publish()
    // 600 KB are in use; the next tarball fits only after older ones are deleted.
    try site.build("std/x86/gen", "2016-01-03", bytes: 400_000, seed: 5)
    try site.refresh()
    _ = try publish()
    #expect(try site.run("clean", "--apply", "--keep", "1", "--quiet").status == 0)
    try site.build("std/x86/gen", "2016-01-04", bytes: 500_000, seed: 6)
    try site.refresh()
    let outcome = try publish()
    #expect(outcome.text.contains("deleted there"), "\(outcome.text)")
    #expect(mirror.downloader.faults() == [])
    #expect(mirror.exists("std/x86/gen/2016-01-04/status") && !mirror.exists("std/x86/gen/2016-01-01"))
    // The index there names everything that is due, so nothing is deleted.
    try site.build("std/x86/gen", "2016-01-05", bytes: 900_000, seed: 7)
    try site.refresh()
    let failed = try publish(nil, 1)
    #expect(failed.errorText.contains("No space left"), "\(failed.errorText)")
    #expect(mirror.downloader.faults() == [])
  }

  @Test("a daemon that munges links is reported, with the setting to change")
  func munged() throws {
    let daemon = try RsyncDaemon(
      ["out": mirror.published], settings: ["munge symlinks = yes"], in: mirror.workspace)
    try mirror.configure(to: daemon.url("out"))
    let outcome = try publish(nil, 3)
    #expect(outcome.errorText.contains("munge symlinks = no"), "\(outcome.errorText)")
    #expect(mirror.downloader.faults() == [])
    #expect(mirror.exists("project/trace/master"), "the rest is done")
    // Links sent by another rsync.
    try mirror.workspace.shell("ln -s /rsyncd-munged/2016-01-02 published/std/x86/gen/latest")
    #expect(try publish(nil, 3).errorText.contains("are broken"))
  }
}

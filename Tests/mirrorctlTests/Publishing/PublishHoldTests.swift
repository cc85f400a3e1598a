import MirrorModel
import Hashing
import LinuxSystem
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import MirrorTools

@Suite("Files held back by publish", .enabled(if: Tool.exists("rsync"), "rsync is not installed"))
struct PublishHoldTests {
  private let mirror: PublishedMirror
  private var site: PublishSite { mirror.site }
  private let deleting = "delete: yes\nkeep-remote-grace: 0"
  private let gen = PublishedMirror.gen
  private let v7 = PublishedMirror.tarball("std/arm/v7", "2016-01-02")

  init() throws {
    mirror = try PublishedMirror()
    try mirror.fill()
    try mirror.configure(deleting)
  }

  /// Runs a verb as an ordinary user even if root runs the tests, because root can read everything.
  private func run(_ arguments: String...) throws -> Outcome {
    guard geteuid() == 0 else { return try mirror.workspace.run(site.command(arguments)) }
    try mirror.workspace.shell("chmod 755 .; chown -R nobody '\(site.home)' '\(mirror.published)'")
    return try mirror.workspace.run(
      ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] + site.command(arguments))
  }

  @Test("an unreadable tarball holds only its version, and is reported with exit status 3")
  func unreadable() throws {
    #expect(try run("publish").status == 0)
    let index = mirror.there("index.xml")
    try site.build("std/x86/gen", "2016-01-03", seed: 5)
    try site.build("std/arm/v7", "2016-01-02", seed: 6)
    let fresh = PublishedMirror.tarball("std/x86/gen", "2016-01-03")
    try site.refresh()
    try mirror.workspace.shell(
      "chmod 000 '\(site.mirror)/\(fresh)'; rm -r '\(site.mirror)/std/x86/gen/2016-01-01'")
    let outcome = try run("publish")
    #expect(outcome.status == 3, "\(outcome.text)\(outcome.errorText)")
    #expect(outcome.errorText.contains("\(fresh): cannot open: Permission denied"), "\(outcome.errorText)")
    #expect(mirror.exists(v7), "the rest is sent")
    #expect(!mirror.exists("std/x86/gen/2016-01-03"), "its version is not")
    // The index names it, so the old index and the files it names are kept.
    #expect(mirror.there("index.xml") == index)
    #expect(mirror.exists("std/x86/gen/2016-01-01"))
    #expect(mirror.downloader.faults() == [])
    try mirror.workspace.shell("chmod 644 '\(site.mirror)/\(fresh)'")
    try site.refresh()
    #expect(try run("publish").status == 0)
    #expect(mirror.there("index.xml") == mirror.here("index.xml"))
    #expect(!mirror.exists("std/x86/gen/2016-01-01"))
    #expect(mirror.downloader.faults() == [])
  }

  @Test("one that exists there is kept, and indexes that name it are sent")
  func unreadableAndThere() throws {
    #expect(try run("publish").status == 0)
    try site.build("std/arm/v7", "2016-01-02", seed: 6)
    try site.refresh()
    // Its digests no longer match its content.
    try mirror.workspace.shell("touch -d '1 hour' '\(site.mirror)/\(gen)'; chmod 000 '\(site.mirror)/\(gen)'")
    let outcome = try run("publish")
    #expect(outcome.status == 3, "\(outcome.text)\(outcome.errorText)")
    #expect(mirror.there("index.xml") == mirror.here("index.xml"))
    #expect(mirror.exists(gen) && mirror.exists("std/x86/gen/stage3-latest.tar.xz"))
    #expect(mirror.downloader.faults() == [])
  }

  @Test("an unreadable directory holds only itself; other deletions are done")
  func unreadableDirectory() throws {
    #expect(try run("publish").status == 0)
    try mirror.workspace.shell(
      "chmod 000 '\(site.mirror)/std/x86/gen/2016-01-01'; rm -r '\(site.mirror)/std/arm/v7'")
    #expect(try site.run("forget", "std/arm/v7").status == 0)
    #expect(try site.run("index", "--quiet").status == 0)
    let outcome = try run("publish")
    #expect(outcome.status == 3, "\(outcome.text)\(outcome.errorText)")
    #expect(mirror.exists("std/x86/gen/2016-01-01/status"))
    #expect(!mirror.exists("std/arm/v7"))
    try mirror.workspace.shell("chmod 755 '\(site.mirror)/std/x86/gen/2016-01-01'")
  }

  /// Publishes with files held back.
  private func publish(holding: [MirrorPath]) throws -> DestinationReport {
    var target = PublishDestination(name: "out", to: .path(mirror.published.string))
    target.server = "master"
    target.deletes = true
    target.grace = 0
    let now = Int64(time(nil))
    let progress = RunProgress()
    return try Publication(
      try MirrorScanner(root: site.mirror, layout: .metro, kinds: .builtIn, now: now).scan(), to: target,
      RotationSettings(),
      catalog: try .inMemory(),
      hasher: FileHasher(HashingOptions(), kinds: .builtIn, progress: progress, cancellation: Cancellation()),
      progress: progress, now: now, holding: holding
    ).apply()
  }

  @Test("a held subarch keeps its files there though they are deleted here; nothing else does")
  func held() throws {
    #expect(try publish(holding: []).problems == [])
    try site.build("std/x86/new", "2016-01-02", seed: 6)
    try site.refresh()
    // The index still names missing files.
    try mirror.workspace.shell(
      "mv '\(site.mirror)/std/arm/v7' away; rm -r '\(site.mirror)/std/x86/gen/2016-01-01'")
    let report = try publish(holding: ["std/arm/v7"])
    #expect(report.problems == [])
    #expect(report.deleted > 0)
    #expect(mirror.exists(PublishedMirror.tarball("std/arm/v7", "2016-01-01")))
    #expect(mirror.exists("std/arm/v7/stage3-latest.tar.xz"))
    #expect(!mirror.exists("std/x86/gen/2016-01-01") && mirror.exists("std/x86/new/2016-01-02/status"))
    #expect(mirror.downloader.faults() == [])
    // A held build holds all its subarches.
    try mirror.workspace.shell("rm -r '\(site.mirror)/std/x86/new'; mv away '\(site.mirror)/std/arm/v7'")
    #expect(try site.run("forget", "std/x86/new").status == 0)
    #expect(try site.run("index", "--quiet").status == 0)
    #expect(try publish(holding: ["std"]).deleted == 0)
    #expect(mirror.exists("std/x86/new/2016-01-02/status"))
  }

  @Test("an index that names held files missing there is not sent, and nothing is deleted")
  func heldAndMissing() throws {
    #expect(try publish(holding: []).problems == [])
    let index = mirror.there("index.xml")
    try site.build("std/x86/new", "2016-01-02", seed: 6)
    try mirror.workspace.shell("rm -r '\(site.mirror)/std/x86/gen/2016-01-01'")
    try site.refresh()
    let report = try publish(holding: ["std/x86/new"])
    #expect(report.problems.first?.problem.contains("std/x86/new/2016-01-02") == true, "\(report.problems)")
    #expect(mirror.there("index.xml") == index)
    #expect(report.deleted == 0)
    #expect(mirror.downloader.faults() == [])
  }

  @Test(
    "new directories there have the mode of the destination", arguments: ["755", "775", "2770"])
  func modes(_ mode: String) throws {
    try mirror.workspace.shell("chmod \(mode) published")
    #expect(try site.run("publish").status == 0)
    let others = try mirror.workspace.run([
      "find", mirror.published.string, "-type", "d", "!", "-perm",
      mode.suffix(3) == "770" ? "2770" : "0\(mode)",
    ])
    #expect(others.text == "")
  }
}

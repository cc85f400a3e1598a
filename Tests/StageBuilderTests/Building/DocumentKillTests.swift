import Foundation
import SystemPackage
import TestSupport
import Testing

/// Between the moment when a tarball or image gets its name and the one when all its documents are there.
@Suite(
  "A build that is killed before the documents of a target are there",
  .enabled(if: BuildSite.isPossible, BuildSite.reason),
  .enabled(if: Tracing.works, "strace cannot trace here"))
struct DocumentKillTests {
  private static let file = "2026-11-23/stage1-gen-std-2026-11-23.tar.xz"
  private static let documents = [".hash.txt", ".spdx.json", ".provenance.json"]

  @Test(
    "is completed by the next one, whether it took the target from an earlier version or made it",
    arguments: [true, false], documents)
  func killed(isReused: Bool, before document: String) throws {
    let site = try BuildSite("[section steps/chroot]\nrun: [\n#!/bin/sh\necho x > /etc/built\n]\n")
    // Files that are newer than a version get its time.
    try site.workspace.shell("find tree -exec touch -d 2026-11-01 {} +")
    for version in ["2026-11-22", "2026-11-23"] { try site.succeed(["snapshot", "std", version]) }
    if isReused { try site.succeed(["build"] + BuildSite.subarch + ["2026-11-22", "target:", "stage1"]) }
    let build = site.command(["build"] + BuildSite.subarch + ["2026-11-23", "target:", "stage1"])
    try killed(build, before: "\(site.subarchPath)/\(Self.file)", document, in: site.workspace)

    for document in Self.documents { #expect(site.text("\(Self.file)\(document)") != nil, "\(document)") }
    #expect(site.text("2026-11-23/log/stage1.inputs.json") != nil)
    try site.succeed(["digestgen"])
    #expect(try site.run(["verify"]).status == 0)
  }

  @Test(
    "is completed by the next one, if the target is an image", arguments: [".hash.txt", ".provenance.json"])
  func killed(beforeThatOfImage document: String) throws {
    let site = try TrivialSite()
    let subarch = TrivialSite.subarch.joined(separator: "/")
    try #require(try site.build("full").status == 0)
    let image = "\(TrivialSite.date)/squashfs-generic_64-gentoo-\(TrivialSite.date).squashfs"
    try killed(
      site.command(["build"] + TrivialSite.subarch + ["full+squashfs", TrivialSite.date]),
      before: "\(site.workspace.mirror)/\(subarch)/\(image)", document, in: site.workspace)
    #expect(site.text("\(image).provenance.json") != nil && site.text("\(image).hash.txt") != nil)
  }

  /// Kills a build before a document gets its name, and runs it again.
  private func killed(
    _ build: [String], before file: String, _ document: String, in workspace: Workspace
  ) throws {
    try workspace.shell("cp -a mirror start")
    let log = "\(workspace.path)/trace"
    let calls = ["renameat", "renameat2", "linkat"]
    let undisturbed = try workspace.run(Tracing.arguments(trace: calls, log: log) + build)
    try #require(undisturbed.status == 0, "\(undisturbed.errorText)")
    let (call, number) = try #require(try Self.call(that: file + document, log: log))

    try workspace.shell("rm -r mirror; cp -a start mirror")
    let inject = "\(call):signal=KILL:when=\(number)"
    _ = try workspace.run(Tracing.arguments(trace: calls, inject: inject) + build)
    #expect(!FileManager.default.fileExists(atPath: file + document))
    try #require(FileManager.default.fileExists(atPath: file), "the kill came too early to show anything")

    let next = try workspace.run(build)
    #expect(next.status == 0, "\(next.errorText)")
    let directory = FilePath(file).removingLastComponent()
    #expect(try workspace.shell("ls -A '\(directory)' | grep _unfinished || true").text == "")
  }

  /// The call that gives a file its name, and its number among those of its thread.
  private static func call(that gives: String, log: String) throws -> (String, Int)? {
    let name = String(gives.split(separator: "/").last ?? "")
    var counts: [String: Int] = [:]
    for line in try String(contentsOfFile: log, encoding: .isoLatin1).split(separator: "\n") {
      guard let match = line.prefixMatch(of: /([0-9]+) +([a-z0-9_]+)\(/) else { continue }
      let key = "\(match.1) \(match.2)"
      counts[key, default: 0] += 1
      if line.contains("\"\(name)\"") { return (String(match.2), counts[key] ?? 0) }
    }
    return nil
  }
}

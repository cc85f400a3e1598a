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
    let image = "\(TrivialSite.date)/oci-generic_64-gentoo-\(TrivialSite.date).oci.tar"
    try killed(
      site.command(["build"] + TrivialSite.subarch + ["full+oci", TrivialSite.date]),
      before: "\(site.workspace.mirror)/\(subarch)/\(image)", document, in: site.workspace)
    #expect(site.text("\(image).provenance.json") != nil && site.text("\(image).hash.txt") != nil)
  }

  /// Kills a build before a document gets its name, and runs it again.
  private func killed(
    _ build: [String], before file: String, _ document: String, in workspace: Workspace
  ) throws {
    let name = try #require(FilePath(file + document).lastComponent)
    let trace = Tracing.arguments(
      trace: ["renameat", "renameat2", "linkat"], inject: "renameat,renameat2,linkat:signal=KILL")
    let cut = try workspace.run(trace + ["-P", name.string] + build)
    #expect(cut.status != 0)
    #expect(!FileManager.default.fileExists(atPath: file + document))
    try #require(FileManager.default.fileExists(atPath: file), "the kill came too early to show anything")

    let next = try workspace.run(build)
    #expect(next.status == 0, "\(next.errorText)")
    let directory = FilePath(file).removingLastComponent()
    #expect(try workspace.shell("ls -A '\(directory)' | grep _unfinished || true").text == "")
  }
}

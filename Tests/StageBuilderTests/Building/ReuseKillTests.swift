import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite(
  "A build that is killed while it takes a target from an earlier version",
  .enabled(if: BuildSite.isPossible, BuildSite.reason),
  .enabled(if: Tracing.works, "strace cannot trace here"))
struct ReuseKillTests {
  private static let file = "2026-11-23/stage1-gen-std-2026-11-23.tar.xz"
  private static let documents = [".hash.txt", ".spdx.json", ".provenance.json"]

  @Test("is completed by the next one", arguments: documents)
  func killed(before document: String) throws {
    let site = try BuildSite("[section steps/chroot]\nrun: [\n#!/bin/sh\necho x > /etc/built\n]\n")
    // Files that are newer than a version get its time.
    try site.workspace.shell("find tree -exec touch -d 2026-11-01 {} +")
    for version in ["2026-11-22", "2026-11-23"] { try site.succeed(["snapshot", "std", version]) }
    try site.succeed(["build"] + BuildSite.subarch + ["2026-11-22", "target:", "stage1"])
    try site.workspace.shell("cp -a mirror start")
    let build = site.command(["build"] + BuildSite.subarch + ["2026-11-23", "target:", "stage1"])
    let log = "\(site.workspace.path)/trace"
    let calls = ["renameat", "renameat2", "linkat"]
    let undisturbed = try site.workspace.run(Tracing.arguments(trace: calls, log: log) + build)
    #expect(undisturbed.status == 0, "\(undisturbed.errorText)")
    let (call, number) = try #require(try Self.call(that: "\(Self.file)\(document)", log: log))

    try site.workspace.shell("rm -r mirror; cp -a start mirror")
    let inject = "\(call):signal=KILL:when=\(number)"
    _ = try site.workspace.run(Tracing.arguments(trace: calls, inject: inject) + build)
    #expect(site.text("\(Self.file)\(document)") == nil)
    try #require(site.text(Self.file) != nil, "the kill came too early to show anything")

    let next = try site.workspace.run(build)
    #expect(next.status == 0, "\(next.errorText)")
    for document in Self.documents { #expect(site.text("\(Self.file)\(document)") != nil, "\(document)") }
    #expect(site.text("2026-11-23/log/stage1.inputs.json") != nil)
    #expect(
      try site.workspace.shell("ls -A '\(site.subarchPath)/2026-11-23' | grep _unfinished || true").text == ""
    )
    try site.succeed(["digestgen"])
    #expect(try site.run(["verify"]).status == 0)
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

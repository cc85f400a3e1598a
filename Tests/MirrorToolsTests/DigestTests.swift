import MirrorModel
@testable import LinuxSystem
import Hashing
import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import MirrorTools

private let folder = "funtoo-current/x86-64bit/generic_64/2026-11-20"
private let tarball = "\(folder)/stage3-generic_64-funtoo-current-2026-11-20.tar.xz"
private let sidecar = "\(tarball).hash.txt"

/// A mirror with one version, and a catalog that outlives single runs.
private struct Digested {
  let mirror: TestMirror
  var catalog: Catalog

  init() throws {
    mirror = try TestMirror().version(folder)
    catalog = try .inMemory()
    try mirror.touch(tarball, "2026-11-20 10:00 UTC")
  }

  @discardableResult
  func digestgen(_ options: DigestOptions = DigestOptions(), alive: Bool = false) throws -> DigestReport {
    let scanned = try mirror.scan { _ in alive }
    let generator = DigestGenerator(
      DigestContext(root: mirror.root, catalog: catalog, hasher: .plain, now: 1_795_348_800))
    return try generator.apply(try generator.plan(scanned, options), to: scanned)
  }

  func digestgen(force: Bool, _ paths: String...) throws -> DigestReport {
    var options = DigestOptions()
    options.force = force
    options.paths = paths.map { MirrorPath($0) }
    return try digestgen(options)
  }

  func verify(_ subset: VerifySubset = .all, now: Int64 = 1_795_348_800) throws -> VerifyReport {
    try Verifier(
      DigestContext(root: mirror.root, catalog: catalog, hasher: .plain, now: now)
    ).verify(try mirror.scan(), subset: subset)
  }

  /// Other bytes in the same file, with its size and mtime.
  func corrupt() throws {
    let content = try #require(mirror.content(tarball))
    try mirror.file(tarball, "CONTENT of \(MirrorPath(tarball).name)")
    try #require(mirror.content(tarball)?.count == content.count && mirror.content(tarball) != content)
    try mirror.touch(tarball, "2026-11-20 10:00 UTC")
  }

  func sha256() throws -> String {
    String(try Tool.run("sha256sum", mirror.path(tarball)).output.prefix { $0 != " " })
  }

  func sidecarText() -> String? { mirror.content(sidecar).map { String(decoding: $0, as: UTF8.self) } }
}

extension TestMirror {
  fileprivate func touch(_ relative: String, _ time: String) throws {
    try #require(try Tool.run("touch", "-d", time, path(relative)).status == 0)
  }
}

private let everything: DigestOptions = {
  var options = DigestOptions()
  options.algorithms = Set(DigestAlgorithm.allCases)
  options.formats = Set(DigestFormat.allCases)
  return options
}()

@Suite("A tarball's digest") struct TarballSDigestTests {
  @Test("is written once for a new one")
  func writtenForNew() throws {
    let digested = try Digested()
    let first = try digested.digestgen()
    #expect(first.actions.map(\.kind) == [.digested])
    #expect(digested.sidecarText() == "sha256 \(try digested.sha256())\n")
    let second = try digested.digestgen()
    #expect(second.actions.isEmpty)
    #expect(second.bytes == 0)
  }

  @Test("is computed again when the tarball is replaced")
  func takenAgainWhen() throws {
    let digested = try Digested()
    try digested.digestgen()
    try digested.mirror.file(tarball, "another content")
    #expect(try digested.digestgen().actions.map(\.kind) == [.digested])
    #expect(digested.sidecarText() == "sha256 \(try digested.sha256())\n")
  }

  @Test("is written again when its sidecar is wrong, and kept when it was only touched")
  func writtenAgainWhen() throws {
    let digested = try Digested()
    try digested.digestgen()
    let right = digested.sidecarText()
    try digested.mirror.touch(sidecar, "2026-11-22 10:00 UTC")
    #expect(try digested.digestgen().actions.isEmpty)
    try digested.mirror.file(sidecar, "sha256 \(String(repeating: "0", count: 64))\n")
    #expect(try digested.digestgen().actions.map(\.kind) == [.written])
    #expect(digested.sidecarText() == right)
  }

  @Test("is adopted only from a sidecar that is newer", arguments: [true, false])
  func adoptedFromSidecar(isNewer: Bool) throws {
    let digested = try Digested()
    try digested.mirror.file(sidecar, "sha256 \(try digested.sha256())\n")
    try digested.mirror.touch(sidecar, isNewer ? "2026-11-21 UTC" : "2026-11-19 UTC")
    #expect(try digested.digestgen().actions.map(\.kind) == [isNewer ? .adopted : .digested])
  }

  @Test("is kept when only the ctime changed")
  func staysWhenOnly() throws {
    let digested = try Digested()
    try digested.digestgen()
    let right = digested.sidecarText()
    try Tool.run("chmod", "600", digested.mirror.path(tarball))
    #expect(try digested.digestgen().corrupt == [])
    #expect(digested.sidecarText() == right)
    #expect(try digested.verify().count(.ok) == 1)
  }

  @Test("of corrupt content is accepted only with --force and its name")
  func corruptContentNever() throws {
    let digested = try Digested()
    try digested.digestgen()
    let right = digested.sidecarText()
    try digested.corrupt()
    for _ in 0..<2 {
      #expect(try digested.digestgen().corrupt == [MirrorPath(tarball)])
      #expect(try digested.digestgen(force: true).corrupt == [MirrorPath(tarball)])
      #expect(try digested.digestgen(force: true, folder).corrupt == [MirrorPath(tarball)])
      #expect(digested.sidecarText() == right)
    }
    #expect(try digested.verify().count(.corrupt) == 1)
    #expect(try digested.digestgen(force: true, tarball).actions.map(\.kind) == [.digested])
    #expect(digested.sidecarText() == "sha256 \(try digested.sha256())\n")
    #expect(try digested.verify().count(.ok) == 1)
  }

  @Test("shows corruption even when the catalog is lost")
  func tellsCorruptionEven() throws {
    var digested = try Digested()
    try digested.digestgen()
    try digested.corrupt()
    digested.catalog = try .inMemory()
    #expect(try digested.verify().count(.corrupt) == 1)
    #expect(try digested.digestgen(force: true).corrupt == [MirrorPath(tarball)])
  }

  @Test("is computed for a version without status, but not for one being built")
  func takenVersionWithout() throws {
    let digested = try Digested()
    try FileManager.default.removeItem(atPath: digested.mirror.path("\(folder)/status"))
    try digested.mirror.file("funtoo-current/x86-64bit/generic_64/.control/.multi_progress", "42")
    #expect(try digested.digestgen(alive: true).actions.isEmpty)
    #expect(try digested.digestgen(alive: false).actions.map(\.kind) == [.digested])
  }
}

@Suite("Files beside tarballs") struct WhatStandsBesideTarballsTests {
  @Test("are removed when dead or orphaned, and kept when they lead outside or are awaited")
  func goesWhenDead() throws {
    let digested = try Digested()
    let mirror = digested.mirror
    let subarch = "funtoo-current/x86-64bit/generic_64"
    try mirror.link("\(subarch)/stage3-latest.tar.xz", to: "2026-11-20/gone.tar.xz")
    try mirror.link("\(subarch)/outside.tar.xz", to: "/nonexistent/elsewhere.tar.xz")
    try mirror.file("\(folder)/lxd.tar")
    try mirror.link("\(subarch)/lxd-latest.tar.xz", to: "2026-11-20/lxd.tar.xz")
    try mirror.file("\(folder)/lost.tar.xz.hash.txt", "sha256 0\n")
    try mirror.file("\(folder)/lost.tar.xz.gpg", "x")
    try mirror.link("\(subarch)/lost-latest.tar.xz", to: "2026-11-20/lost.tar.xz")
    try mirror.link("\(subarch)/lost-latest.tar.xz.gpg", to: "2026-11-20/lost.tar.xz.gpg")
    try digested.digestgen()
    #expect(try mirror.names(in: subarch).filter { $0.hasPrefix("lost") } == [], "in one run")
    #expect(mirror.target(of: "\(subarch)/stage3-latest.tar.xz") == nil)
    #expect(mirror.target(of: "\(subarch)/outside.tar.xz") != nil)
    #expect(mirror.target(of: "\(subarch)/lxd-latest.tar.xz") != nil)
    #expect(try mirror.names(in: folder).filter { $0.hasPrefix("lost") } == [])
  }

  @Test("keep the lines of others, satisfy coreutils, and are written once")
  func keepsLinesOthers() throws {
    let digested = try Digested()
    let mirror = digested.mirror
    try mirror.file("\(folder)/new\nline.tar.xz", "1").file("\(folder)/back\\slash.tar.xz", "2")
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    try mirror.file("\(folder)/notes").file("\(folder)/SHA256SUMS", "\(empty)  notes\n")
    try mirror.file("\(folder)/Manifest", "DATA notes 0 SHA256 \(empty)\n")
    #expect(try digested.digestgen(everything).problems == [])
    for (tool, file) in [
      ("sha256sum", "SHA256SUMS"), ("sha512sum", "SHA512SUMS"), ("b2sum", "B2SUMS"),
    ] {
      let judge = try Tool.run(
        "sh", "-c", "cd '\(mirror.path(folder))' && exec \(tool) --check --strict \(file)")
      #expect(judge.status == 0, "\(judge.output)")
    }
    let tags = try Tool.run(
      "sh", "-c", "cd '\(mirror.path(folder))' && grep '^.\\?SHA256' CHECKSUMS | sha256sum --check --strict")
    #expect(tags.status == 0, "\(tags.output)")
    for file in ["SHA256SUMS", "Manifest"] {
      let text = String(decoding: try #require(mirror.content("\(folder)/\(file)")), as: UTF8.self)
      #expect(text.contains(file == "Manifest" ? "DATA notes 0" : "\(empty)  notes\n"))
    }
    let tree = try Tree(mirror.root)
    #expect(try digested.digestgen(everything).actions.isEmpty)
    #expect(try Tree(mirror.root).differences(from: tree) == [])
  }
}

@Suite("The digest engine") struct DigestEngineTests {
  @Test(
    "escapes names as GLEP 74 requires, and reads them again",
    arguments: [
      ("plain", "plain"), ("a b\\c\n", "a\\x20b\\x5cc\\x0a"), ("esc\u{1b}\u{7f}", "esc\\x1b\\x7f"),
      ("c1\u{9b}rtl\u{202e}", "c1\\u009brtl\\u202e"), ("tag\u{e0001}", "tag\\U000e0001"),
      ("gr\u{fc}n", "gr\u{fc}n"),
    ])
  func manifestNames(name: String, written: String) throws {
    let digests = try #require(
      SidecarText.digest(ArraySlice(Array(String(repeating: "ab", count: 32).utf8)), .sha256))
    let line = SidecarText.data(FileName(name), size: 1, digests)
    #expect(String(decoding: line, as: UTF8.self).hasPrefix("DATA \(written) 1 SHA256 "))
    #expect(SidecarText.parse(line.dropLast(), algorithm: nil)?.file == FileName(name))
  }

  @Test("agrees with coreutils", arguments: [9, 55, 56, 64, 111, 112, 128, 129, 262_143, 262_144, 262_145])
  func agreesWithCoreutils(size: Int) throws {
    let digested = try Digested()
    let tarball = "\(folder)/stage3-generic_64-funtoo-current-2026-11-20.tar.zst"
    try digested.mirror.file(
      tarball,
      Compressed.frame(
        around: Data((0..<(size - 8)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8 &+ 7) })))
    try digested.digestgen(everything)
    let digests = try #require(try digested.catalog.record(of: MirrorPath(tarball))).digests
    for (algorithm, tool) in [
      (DigestAlgorithm.sha256, "sha256sum"), (.sha512, "sha512sum"), (.blake2b, "b2sum"),
    ] {
      let judge = try Tool.run(tool, digested.mirror.path(tarball)).output.prefix { $0 != " " }
      #expect(hex(try #require(digests[algorithm])) == judge)
    }
  }
}

@Suite("Records of tarballs that are gone") struct ForgottenTarballTests {
  @Test("are removed, wherever the tarballs were")
  func areRemoved() throws {
    let digested = try Digested()
    // The names of one are the beginning of those of the other.
    let subarches = ["generic", "generic_64"].map { "funtoo-current/x86-64bit/\($0)" }
    for subarch in subarches { try digested.mirror.version("\(subarch)/2026-11-21") }
    let loose = [
      "funtoo-current/snapshots/portage-2026-11-19.tar.xz",
      "funtoo-current/snapshots/portage-2026-11-20.tar.xz",
      "funtoo-current/other.tar.xz", "other.tar.xz",
    ]
    for file in loose { try digested.mirror.file(file, "content of \(file)") }
    try digested.digestgen()
    let all = Set(try digested.catalog.records().keys)
    #expect(all.count == 7)
    let gone = [loose[0], loose[2], loose[3], subarches[0], folder]
    for path in gone { try FileManager.default.removeItem(atPath: digested.mirror.path(path)) }
    try digested.digestgen()
    let left = all.filter { path in !gone.contains { path.isWithin(MirrorPath($0)) } }
    #expect(left.count == 2)
    #expect(Set(try digested.catalog.records().keys) == left)
  }
}

@Suite("Verify") struct VerifyTests {
  @Test("distinguishes ok, changed, undigested and orphaned")
  func tellsOkChanged() throws {
    let digested = try Digested()
    #expect(try digested.verify().findings.map(\.verdict) == [.undigested])
    try digested.digestgen()
    #expect(try digested.verify().findings.map(\.verdict) == [.ok])
    try digested.mirror.file(tarball, "replaced")
    #expect(try digested.verify().findings.map(\.verdict) == [.changed])
    try FileManager.default.removeItem(atPath: digested.mirror.path(tarball))
    #expect(try digested.verify().findings.map(\.verdict) == [.orphan])
  }

  @Test("looks for no digests in signatures and lists of contents")
  func looksForNo() throws {
    let digested = try Digested()
    try digested.digestgen()
    for ending in ["gpg", "asc", "contents.gz"] { try digested.mirror.file("\(tarball).\(ending)", "none") }
    let report = try digested.verify()
    #expect(report.findings.map(\.verdict) == [.ok])
    #expect(report.problems == [])
    // A metalink contains some, or is not valid.
    try digested.mirror.file("\(tarball).meta4", "none")
    #expect(try digested.verify().problems.map(\.problem) == ["contains no digest"])
  }

  @Test("reads only the digests of the tarballs that it selects")
  func readsOnlySelected() throws {
    let digested = try Digested()
    let other = "funtoo-current/x86-64bit/generic_64/2026-11-21"
    try digested.mirror.version(other)
    try digested.digestgen()
    try digested.mirror.file("\(other)/stage3-generic_64-funtoo-current-2026-11-21.tar.xz.hash.txt", "none")
    let first = try digested.verify(.bytes(1))
    #expect(first.findings.map(\.path) == [MirrorPath(tarball)])
    #expect(first.left == 1)
    #expect(first.problems == [])
    #expect(
      try digested.verify(.bytes(1), now: 1_795_348_801).problems.map(\.problem) == ["contains no digest"])
  }

  @Test("reads every tarball in exactly one of seven parts")
  func readsEveryTarball() throws {
    let candidates = (0..<500).map {
      VerifySubset.Candidate(path: MirrorPath("a/\($0).tar.xz"), size: 1, verifiedAt: nil)
    }
    let parts = (1...7).flatMap { VerifySubset.part(number: $0, of: 7).select(from: candidates) }
    #expect(parts.map(\.path).sorted() == candidates.map(\.path).sorted())
  }

  @Test("reads the least recently verified first")
  func readsWhatWas() {
    let candidates = (0..<100).map {
      VerifySubset.Candidate(
        path: MirrorPath("\($0).tar.xz"), size: 10, verifiedAt: $0 == 50 ? nil : Int64(200 - $0))
    }
    #expect(
      VerifySubset.fraction(0.05).select(from: candidates).map(\.path) == [
        "50.tar.xz", "99.tar.xz", "98.tar.xz", "97.tar.xz", "96.tar.xz",
      ])
    #expect(VerifySubset.bytes(1).select(from: candidates).map(\.path) == ["50.tar.xz"])
    #expect(VerifySubset.bytes(20).select(from: candidates).count == 2)
  }
}

import MirrorModel
@testable import LinuxSystem
import Hashing
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import MirrorTools

@Suite("Waiting uploads")
struct ReceiverTests {
  private let mirror: TestMirror

  init() throws {
    mirror = try TestMirror()
    try mirror.file("std/x86/gen/.control/server", "one\n")
    try mirror.file(
      ".incoming/one/std/x86/gen/2016-01-01/.~partial~/stage3-gen-std-2016-01-01.tar.xz", "half")
  }

  /// Receives after this many days.
  private func receive(days: Int64 = 0, _ rule: ReceiveRules.Rule = .init()) throws -> [UploadReport] {
    var rules = ReceiveRules()
    rules.servers["one"] = rule
    return try receiver(rules, try .inMemory(), days: days).receive([])
  }

  private func receiver(_ rules: ReceiveRules, _ catalog: Catalog, days: Int64 = 0) -> Receiver {
    Receiver(
      root: mirror.root, layout: .metro, ownership: OwnershipRules(), rotation: RotationSettings(),
      rules: rules,
      signing: nil,
      catalog: catalog, hasher: .plain, now: Int64(time(nil)) + days * 86_400, probe: .system)
  }

  private func complete(_ body: (inout UploadManifest) -> Void = { _ in }) throws {
    var manifest = UploadManifest(server: "one", date: "")
    body(&manifest)
    try mirror.file(".incoming/one/.complete", String(decoding: try manifest.encoded(), as: UTF8.self))
  }

  @Test("an unfinished one is kept, and reported after a week")
  func age() throws {
    #expect(try receive(days: 6).flatMap(\.problems).isEmpty)
    let problems = try receive(days: 8).flatMap(\.problems)
    #expect(problems.count == 1)
    #expect("\(problems[0])".contains("upload from one idle since"))
    #expect(
      mirror.content(".incoming/one/std/x86/gen/2016-01-01/.~partial~/stage3-gen-std-2016-01-01.tar.xz")
        != nil)
  }

  @Test("with a finished one, files that belong to none are removed after a day, and no sooner")
  func sweep() throws {
    try complete()
    _ = try receive()
    #expect(try mirror.names(in: ".incoming/one") == ["std"])
    try complete()
    _ = try receive(days: 2)
    #expect(try mirror.names(in: ".incoming/one") == [])
  }

  @Test("an empty one, as a killed run leaves it, is removed after a day")
  func empty() throws {
    _ = try receive()
    try FileManager.default.removeItem(atPath: mirror.path(".incoming/one/std/x86/gen/2016-01-01/.~partial~"))
    #expect(try receive().flatMap(\.problems).isEmpty)
    #expect(try mirror.names(in: ".incoming/one") == ["std"])
    #expect(try receive(days: 2).flatMap(\.problems).isEmpty)
    #expect(try mirror.names(in: ".incoming") == [])
  }

  @Test("one with a missing file is not finished: its manifest is removed, the rest is kept")
  func lacking() throws {
    try mirror.file(".incoming/one/std/x86/gen/2016-01-01/status", "a")
    let digest = hex(try OpenSSLDigest.sha256(of: Array("a".utf8)))
    try complete {
      $0.files = ["status", "build-info.json"].map {
        .init(path: ExactPath(MirrorPath("std/x86/gen/2016-01-01/\($0)")), size: 1, sha256: digest)
      }
    }
    #expect(try "\(receive().flatMap(\.problems))".contains("has not arrived"))
    #expect(mirror.content(".incoming/one/.complete") == nil)
    #expect(mirror.content(".incoming/one/std/x86/gen/2016-01-01/status") != nil)
    #expect(mirror.content("std/x86/gen/2016-01-01/status") == nil)
  }

  @Test("an invalid manifest is reported, and kept for inspection")
  func nonsense() throws {
    try mirror.file(".incoming/one/.complete", "{")
    #expect(try "\(receive().flatMap(\.problems))".contains("is not an upload manifest"))
    #expect(mirror.content(".incoming/one/.complete") != nil)
  }

  @Test("a manifest with too many bytes, entries or levels is refused")
  func excessive() throws {
    func report(_ text: String) throws -> String {
      try mirror.file(".incoming/one/.complete", text)
      return try "\(receive().flatMap(\.problems))"
    }
    func manifest(_ cleared: String, _ more: String = "0") -> String {
      """
      {"version": 1, "server": "one", "date": "", "software": "", "files": [], "links": [], "control": [],
       "cleared": [\(cleared)], "more": \(more)}
      """
    }
    #expect(
      try report(manifest("", "0" + String(repeating: " ", count: 16 << 20))).contains("is larger than"))
    let many = repeatElement("\"a\"", count: UploadManifest.maximumCount + 1).joined(separator: ",")
    #expect(try report(manifest(many)).contains("has more than 100000 entries"))
    let deep = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
    #expect(try report(manifest("", deep)).contains("is not an upload manifest"))
    #expect(try report(manifest("")) == "[]")
  }

  @Test("a signature of a snapshot is refused if another server's snapshot of that name exists")
  func foreignSignature() throws {
    let path = "std/snapshots/portage-2016-01-01.tar.xz"
    try mirror.file(path, "theirs").file(".incoming/one/\(path)", "ours").file(
      ".incoming/one/\(path).gpg", "sig")
    let ours = Compressed.file(path, holding: "ours")
    let files = try [ours, Data("sig".utf8)].map { hex(try OpenSSLDigest.sha256(of: Array($0))) }
    try complete {
      $0.files = [
        .init(path: ExactPath(MirrorPath(path)), size: Int64(ours.count), sha256: files[0]),
        .init(path: ExactPath(MirrorPath("\(path).gpg")), size: 3, sha256: files[1]),
      ]
    }
    let reports = try receive(.init(snapshots: ["std"]))
    #expect(reports.map(\.files) == [0])
    #expect("\(reports.flatMap(\.problems))".contains("a different file of that name exists here"))
    #expect(try mirror.names(in: "std/snapshots") == ["portage-2016-01-01.tar.xz"])
    #expect(mirror.content(path) == Compressed.file(path, holding: "theirs"))
  }

  @Test("with a replaced tarball its old signature is removed")
  func replaced() throws {
    let path = "std/x86/gen/2016-01-01/stage3-gen-std-2016-01-01.tar.xz"
    try mirror.file(path, "old").file("\(path).gpg", "old").file(".incoming/one/\(path)", "new")
    let new = Compressed.file(path, holding: "new")
    let digest = hex(try OpenSSLDigest.sha256(of: Array(new)))
    try complete {
      $0.files = [.init(path: ExactPath(MirrorPath(path)), size: Int64(new.count), sha256: digest)]
    }
    #expect(try receive(.init(replaces: true)).flatMap(\.problems).isEmpty)
    #expect(mirror.content(path) == new)
    #expect(mirror.content("\(path).gpg") == nil)
  }

  @Test("a signature is kept if the tarball is the same")
  func same() throws {
    let path = "std/x86/gen/2016-01-01/stage3-gen-std-2016-01-01.tar.xz"
    let same = Compressed.file(path, holding: "same")
    let digest = hex(try OpenSSLDigest.sha256(of: Array(same)))
    try mirror.file(path, "same").file("\(path).hash.txt", "sha256 \(digest)\n").file("\(path).gpg", "good")
      .file(".incoming/one/\(path)", "same")
    try complete {
      $0.files = [.init(path: ExactPath(MirrorPath(path)), size: Int64(same.count), sha256: digest)]
    }
    #expect(try receive().map(\.files) == [1])
    #expect(mirror.content("\(path).gpg") != nil)
  }

  @Test("digests that were checked on arrival are not computed again")
  func catalog() throws {
    try mirror.file(".incoming/one/std/x86/gen/2016-01-01/stage3-gen-std-2016-01-01.tar.xz", "a")
    let content = Compressed.file(".tar.xz", holding: "a")
    let digest = hex(try OpenSSLDigest.sha256(of: Array(content)))
    let path: MirrorPath = "std/x86/gen/2016-01-01/stage3-gen-std-2016-01-01.tar.xz"
    try complete {
      $0.files = [.init(path: ExactPath(path), size: Int64(content.count), sha256: digest)]
    }
    let catalog = try Catalog.inMemory()
    let reports = try receiver(ReceiveRules(), catalog).receive([])
    #expect(reports.map(\.files) == [1])
    let record = try #require(try catalog.record(of: path))
    let status = try AnchoredDirectory(root: mirror.root).status(at: path)
    #expect(status.map { $0.identity.isSameFile(as: record.identity) } == true)
    #expect(record.digests[.sha256].map { hex($0) } == digest)
  }
}

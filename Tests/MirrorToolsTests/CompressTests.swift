@testable import StageTrees
import LinuxSystem
import MirrorModel
import Foundation
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import MirrorTools

private let subarch = "funtoo-current/x86-64bit/generic_64"
private let version = "\(subarch)/2026-11-20"
private let name = "stage3-generic_64-funtoo-current-2026-11-20.tar"
private let tar = "\(version)/\(name)"
private let now: Int64 = 1_795_000_000

@Suite("A marked tarball") struct MarkedTarballTests {
  @Test("becomes a compressed one that other tools accept", arguments: Compression.allCases)
  func becomesCompressedOne(compression: Compression) throws {
    let mirror = try markedMirror()
    try makeRealTar(mirror)
    try Tool.run("touch", "-d", "2026-11-20 12:34:56.789 UTC", mirror.path(tar))
    try Tool.run("chmod", "640", mirror.path(tar))
    let size = try #require(mirror.content(tar)).count

    let report = try compress(mirror, with: compression)

    #expect(report.problems == [])
    let file = "\(tar).\(compression.rawValue)"
    #expect(try mirror.names(in: version) == ["\(name).\(compression.rawValue)", "status"])
    let packed = try #require(mirror.content(file)).count
    #expect(report.outcomes.map(\.to.description) == [file])
    #expect(report.outcomes.map(\.bytesBefore) == [Int64(size)])
    #expect(report.outcomes.map(\.bytesAfter) == [Int64(packed)])
    #expect(try Tool.run("tar", "tf", mirror.path(file)).output == "bin/\nbin/sh\n")
    #expect(
      try Tool.run("stat", "-c", "%a %y", mirror.path(file)).output.hasPrefix("640 2026-11-20 12:34:56.789"))
    let judge = compression.filterName
    guard Tool.exists(judge) else {
      Issue.record("\(judge) is not installed, so it could not judge", severity: .warning)
      return
    }
    #expect(try Tool.run(judge, "-t", mirror.path(file)).status == 0)
  }

  @Test("gives the same bytes whatever the number of threads", arguments: [Compression.xz, .zst, .gz])
  func givesSameBytes(compression: Compression) throws {
    let content = compressible(megabytes: 40)
    let packed = try [1, 2, 5].map { jobs in
      let mirror = try markedMirror()
      try mirror.file(tar, content)
      #expect(try compress(mirror, with: compression, jobs: jobs).problems == [])
      return try #require(mirror.content("\(tar).\(compression.rawValue)"))
    }
    #expect(packed[0] == packed[1])
    #expect(packed[1] == packed[2])
    #expect(packed[0].count < content.count / 2)
  }

  @Test("leaves neither time nor name in a gzip header")
  func leavesNeitherTime() throws {
    let mirror = try markedMirror()
    try mirror.file(tar, "content")
    try compress(mirror, with: .gz)
    #expect(try #require(mirror.content("\(tar).gz")).dropFirst(3).prefix(5) == Data([0, 0, 0, 0, 0]))
  }

  @Test("may be empty", arguments: Compression.allCases)
  func mayBeEmpty(compression: Compression) throws {
    let mirror = try markedMirror()
    try mirror.file(tar, "")
    #expect(try compress(mirror, with: compression).problems == [])
    #expect(mirror.content(tar) == nil)
  }

  @Test("may contain a compressed stream itself")
  func mayHoldCompressed() throws {
    let mirror = try markedMirror()
    try mirror.file("plain", "content")
    try Tool.run("sh", "-c", "xz -c '\(mirror.path("plain"))' > '\(mirror.path(tar))'")
    let before = mirror.content(tar)
    #expect(try compress(mirror, with: .xz).problems == [])
    try Tool.run("unxz", mirror.path("\(tar).xz"))
    #expect(mirror.content(tar) == before)
  }

  @Test("renames the links to it")
  func takesLinksName() throws {
    let mirror = try markedMirror()
    try mirror.file(tar, "content")
    try mirror.link("\(subarch)/stage3-latest.tar", to: "2026-11-20/\(name)")
    try mirror.link("\(subarch)/stage3-latest.tar.xz", to: "2026-11-13/an-older-one.tar.xz")
    try mirror.link("\(subarch)/newest", to: "stage3-latest.tar")
    try mirror.link("current-stage3", to: "\(mirror.root)/\(tar)")
    try mirror.link("\(subarch)/other.tar", to: "2026-11-13/other.tar")

    #expect(try compress(mirror).problems == [])

    #expect(mirror.target(of: "\(subarch)/stage3-latest.tar") == nil)
    #expect(mirror.target(of: "\(subarch)/stage3-latest.tar.xz") == "2026-11-20/\(name).xz")
    #expect(mirror.target(of: "\(subarch)/newest") == "stage3-latest.tar.xz")
    #expect(mirror.target(of: "current-stage3") == "\(mirror.root)/\(tar).xz")
    #expect(mirror.target(of: "\(subarch)/other.tar") == "2026-11-13/other.tar")
  }

  @Test("is read as often as progress shows")
  func readFarProgress() throws {
    let mirror = try markedMirror()
    try mirror.file(tar, compressible(megabytes: 1))
    let plan = CompressionPlan(of: try scan(mirror), settings: try CompressionSettings(.gz), now: now)
    let told = Counter()
    try compress(mirror, with: .gz) { told.add($0) }
    #expect(told.count == Int(plan.bytesToRead))
  }
}

@Suite("A dead run") struct DeadRunTests {
  static let marks: [[String: String]] = [
    [".cme": "", ".cme.run": "4242\n"], [".cme.run": "4242\n"], [".cme": "", ".cme.run": ""],
  ]

  @Test("is resumed", arguments: marks)
  func takenUpAgain(marks: [String: String]) throws {
    let mirror = try unmarkedMirror()
    try mirror.file(tar, "content")
    for (suffix, text) in marks { try mirror.file(tar + suffix, text) }
    try Tool.run("touch", "-d", "@\(now - 7 * 3600)", mirror.path("\(tar).cme.run"))
    #expect(try compress(mirror).problems == [])
    #expect(try mirror.names(in: version) == ["\(name).xz", "status"])
  }

  @Test("that only had to remove its marks is finished")
  func hadOnlyMarks() throws {
    let mirror = try markedMirror()
    try mirror.file("\(tar).gz", "whatever")
    let report = try compress(mirror)
    #expect(report.removedMarks.map(\.description) == ["\(tar).cme"])
    #expect(try mirror.names(in: version) == ["\(name).gz", "status"])
  }

  @Test("that had already written the compressed file is finished", arguments: Compression.allCases)
  func hadPutCompressed(compression: Compression) throws {
    let mirror = try markedMirror()
    try mirror.file(tar, "content")
    try compress(mirror, with: compression)
    let packed = mirror.content("\(tar).\(compression.rawValue)")
    try mirror.file(tar, "content")
    try mirror.file("\(tar).cme")
    // Whatever compression is configured now.
    #expect(try compress(mirror, with: .xz).problems == [])
    #expect(try mirror.names(in: version) == ["\(name).\(compression.rawValue)", "status"])
    #expect(mirror.content("\(tar).\(compression.rawValue)") == packed)
  }

  @Test("that left a truncated file gets a message and loses nothing", arguments: Compression.allCases)
  func leftTruncatedFile(compression: Compression) throws {
    let mirror = try markedMirror()
    let content = compressible(megabytes: 1)
    try mirror.file(tar, content)
    try compress(mirror, with: compression)
    let packed = try #require(mirror.content("\(tar).\(compression.rawValue)"))
    for length in [packed.count - 1, packed.count / 2, 5, 0] {
      try mirror.file(tar, content)
      try mirror.file("\(tar).cme")
      try mirror.file("\(tar).\(compression.rawValue)", packed.prefix(length))
      let report = try compress(mirror)
      #expect(report.outcomes == [])
      #expect(report.problems.count == 1)
      #expect(report.problems.first?.description.contains("\(name).\(compression.rawValue)") == true)
      #expect(
        try mirror.names(in: version)
          == [name, "\(name).\(compression.rawValue)", "\(name).cme", "status"].sorted())
    }
  }

  @Test("that left other content gets a message naming both files")
  func leftOtherContent() throws {
    let mirror = try markedMirror()
    try mirror.file(tar, "content")
    try compress(mirror)
    try mirror.file(tar, "Content")
    try mirror.file("\(tar).cme")
    let problem = try #require(try compress(mirror).problems.first)
    #expect(problem.subject == mirror.path(tar))
    #expect(problem.problem.contains(mirror.path("\(tar).xz")))
    #expect(try mirror.names(in: version) == [name, "\(name).cme", "\(name).xz", "status"])
  }
}

@Suite("A mark is skipped") struct MarkLeftAloneTests {
  @Test("while its process lives")
  func whileProcessLives() throws {
    let mirror = try markedMirror()
    try mirror.file(tar, "content")
    try mirror.file("\(tar).cme.run", "\(getpid())\n")
    #expect(try leftAlone(mirror) == [.underWay])
  }

  @Test("while Metro may be at work")
  func whileMetroMay() throws {
    let mirror = try markedMirror()
    try mirror.file(tar, "content")
    try mirror.file("\(tar).cme.run")
    try Tool.run("touch", "-d", "@\(now - 5 * 3600)", mirror.path("\(tar).cme.run"))
    #expect(try leftAlone(mirror) == [.underWay])
  }

  @Test("while its version is being built")
  func whileVersionBeing() throws {
    let mirror = try markedMirror()
    try mirror.file(tar, "content")
    try Tool.run("rm", mirror.path("\(version)/status"))
    try mirror.file("\(subarch)/.control/.stage3_progress", "\(getpid())")
    #expect(try leftAlone(mirror) == [.beingBuilt])
  }

  @Test("while its subarch is being built")
  func whileSubarchBeing() throws {
    let mirror = try markedMirror()
    try mirror.file(tar, "content")
    try mirror.file("\(subarch)/.control/.multi_progress", "\(getpid())")
    #expect(try leftAlone(mirror) == [.locked])
  }

  @Test("when there is nothing to compress")
  func whenNothingThere() throws {
    #expect(try leftAlone(try markedMirror()) == [.missing])
  }

  @Test("when the tarball is a link")
  func whenTarballLink() throws {
    let mirror = try markedMirror()
    try mirror.file("elsewhere.tar", "content")
    try mirror.link(tar, to: "../../../../elsewhere.tar")
    #expect(try leftAlone(mirror) == [.isLink])
    #expect(mirror.content("elsewhere.tar") == Data("content".utf8))
  }

  private func leftAlone(_ mirror: TestMirror) throws -> [CompressionPlan.Reason] {
    let before = try mirror.names(in: version)
    let scan = try scan(mirror)
    let plan = CompressionPlan(of: scan, settings: try CompressionSettings(), now: now)
    #expect(plan.items.isEmpty && plan.staleMarks.isEmpty)
    #expect(plan.leftAlone.first?.error(in: scan).subject == mirror.path(tar))
    try compress(mirror)
    #expect(try mirror.names(in: version) == before)
    return plan.leftAlone.map(\.reason)
  }
}

@Suite("A failure keeps everything") struct FailureKeepsEverythingTests {
  @Test("when the tarball changes meanwhile")
  func whenTarballChanges() throws {
    let mirror = try markedMirror()
    try mirror.file(tar, compressible(megabytes: 1))
    let once = Counter()
    let report = try compress(mirror) { count in
      if once.add(count) == count { append("more", to: mirror.path(tar)) }
    }
    #expect(report.problems.map(\.code) == [.changed])
    #expect(report.problems.map(\.subject) == [mirror.path(tar)])
    #expect(try mirror.names(in: version) == [name, "\(name).cme", "status"])
  }

  @Test("when another file takes the tarball's name")
  func whenAnotherFile() throws {
    let mirror = try markedMirror()
    try mirror.file(tar, compressible(megabytes: 1))
    try mirror.file("other", "another tarball")
    let once = Counter()
    let report = try compress(mirror) { count in
      if once.add(count) == count { rename(mirror.path("other"), mirror.path(tar)) }
    }
    #expect(report.problems.map(\.code) == [.changed])
    #expect(mirror.content(tar) == Data("another tarball".utf8))
    #expect(try mirror.names(in: version) == [name, "\(name).cme", "status"])
  }

  @Test("when the run is interrupted", arguments: Compression.allCases)
  func whenRunInterrupted(compression: Compression) throws {
    let mirror = try markedMirror()
    try mirror.file(tar, compressible(megabytes: 8))
    try mirror.file("\(subarch)/.control/strategy/build", "local")
    let cancellation = Cancellation()
    let report = try compress(mirror, with: compression, cancellation: cancellation) { _ in
      cancellation.cancel(signal: 15)
    }
    #expect(report.problems.map(\.code) == [.interrupted])
    #expect(report.problems.map(\.subject) == [mirror.path(tar)])
    #expect(try mirror.names(in: version) == [name, "\(name).cme", "status"])
    #expect(try mirror.names(in: "\(subarch)/.control") == ["strategy"])
  }

  @Test("when a dead run's mark was the only one")
  func whenDeadRun() throws {
    let mirror = try unmarkedMirror()
    try mirror.file(tar, "content")
    try mirror.file("\(tar).cme.run", "4242\n")
    let cancellation = Cancellation()
    try compress(mirror, cancellation: cancellation) { _ in cancellation.cancel(signal: 15) }
    #expect(try mirror.names(in: version) == [name, "\(name).cme", "status"])
  }

  @Test("when a file is in the place of a link")
  func whenFileStands() throws {
    let mirror = try markedMirror()
    try mirror.file(tar, "content")
    try mirror.link("\(subarch)/stage3-latest.tar", to: "2026-11-20/\(name)")
    try mirror.file("\(subarch)/stage3-latest.tar.xz", "precious")
    #expect(try compress(mirror).problems.map(\.subject) == [mirror.path("\(subarch)/stage3-latest.tar.xz")])
    #expect(
      mirror.content("\(subarch)/stage3-latest.tar.xz")
        == Compressed.file("stage3-latest.tar.xz", holding: "precious"))
    #expect(mirror.target(of: "\(subarch)/stage3-latest.tar") == "2026-11-20/\(name)")
    #expect(try mirror.names(in: version) == [name, "\(name).cme", "\(name).xz", "status"])
  }
}

@Suite("The lock of a subarch") struct LockSubarchTests {
  private static let lock = "\(subarch)/.control/.multi_progress"

  @Test("is held meanwhile, even if a dead build left it", arguments: [nil, "4242\n"])
  func heldMeanwhileEven(left: String?) throws {
    let mirror = try markedMirror()
    try mirror.file(tar, "content")
    try mirror.file("\(subarch)/.control/strategy/build", "local")
    if let left { try mirror.file(Self.lock, left) }
    let seen = Mutex<Data?>(nil)
    let shared = Shared(seen)
    let report = try compress(mirror) { _ in
      let content = mirror.content(Self.lock)
      shared.value.withLock { $0 = content }
    }
    #expect(report.problems == [])
    #expect(shared.value.withLock { $0 } == Data(LockOwner.own.text))
    #expect(try mirror.names(in: "\(subarch)/.control") == ["strategy"])
  }

  @Test("taken by a build since the scan is respected")
  func buildTookSince() throws {
    let mirror = try markedMirror()
    try mirror.file(tar, "content")
    let plan = CompressionPlan(of: try scan(mirror), settings: try CompressionSettings(), now: now)
    try mirror.file(Self.lock, "\(getpid())\n")
    let report = try apply(plan, mirror)
    #expect(report.problems.map(\.code) == [.busy])
    #expect(report.problems.map(\.subject) == [mirror.path(Self.lock)])
    #expect(try mirror.names(in: version) == [name, "\(name).cme", "status"])
    #expect(mirror.content(Self.lock) != nil)
  }
}

@Suite("Compression settings") struct CompressionSettingsTests {
  @Test("refuse a level that the format does not have")
  func refuseLevelFormat() {
    #expect(throws: MirrorError.self) { try CompressionSettings(.zst, level: 20) }
    #expect(throws: MirrorError.self) { try CompressionSettings(.gz, level: 0) }
    #expect(throws: MirrorError.self) { try CompressionSettings(.xz, level: -1) }
  }

  @Test("follow Metro by default")
  func followMetroWhere() throws {
    #expect(try CompressionSettings().compression == .xz)
    #expect(try Compression.allCases.map { try CompressionSettings($0).level } == [9, 9, 9, 19])
  }
}

private func unmarkedMirror() throws -> TestMirror {
  let mirror = try TestMirror()
  try mirror.file("\(version)/status", "ok")
  return mirror
}

private func markedMirror() throws -> TestMirror {
  let mirror = try unmarkedMirror()
  try mirror.file("\(tar).cme")
  return mirror
}

private func makeRealTar(_ mirror: TestMirror) throws {
  try mirror.file("tree/bin/sh", compressible(megabytes: 1))
  try Tool.run("tar", "cf", mirror.path(tar), "-C", mirror.path("tree"), "bin")
  try Tool.run("rm", "-r", mirror.path("tree"))
}

/// Processes other than this one are dead.
private let probe = ProcessProbe { pid, _ in pid == getpid() }

private func scan(_ mirror: TestMirror) throws -> Mirror {
  try MirrorScanner(root: mirror.root, layout: .metro, kinds: .builtIn, now: now, probe: probe).scan()
}

private func apply(
  _ plan: CompressionPlan, _ mirror: TestMirror, jobs: Int = 2, cancellation: Cancellation = Cancellation(),
  progress: @escaping @Sendable (Int) -> Void = { _ in }
) throws -> CompressionReport {
  let compressor = Compressor(root: mirror.root, jobs: jobs, probe: probe, clock: { now })
  return try compressor.apply(plan, cancellation: cancellation, progress: progress)
}

@discardableResult
private func compress(
  _ mirror: TestMirror, with compression: Compression = .xz, jobs: Int = 2,
  cancellation: Cancellation = Cancellation(), progress: @escaping @Sendable (Int) -> Void = { _ in }
) throws -> CompressionReport {
  let settings = try CompressionSettings(compression, level: 1)
  let plan = CompressionPlan(of: try scan(mirror), settings: settings, now: now)
  return try apply(plan, mirror, jobs: jobs, cancellation: cancellation, progress: progress)
}

private final class Counter: Sendable {
  private let value = Atomic<Int>(0)
  var count: Int { value.load(ordering: .relaxed) }

  @discardableResult
  func add(_ number: Int) -> Int { value.wrappingAdd(number, ordering: .relaxed).newValue }
}

private func append(_ text: String, to path: String) {
  guard let handle = FileHandle(forWritingAtPath: path) else { return }
  _ = try? handle.seekToEnd()
  try? handle.write(contentsOf: Data(text.utf8))
}

/// Words that never repeat, so that every block has work for a compressor.
private func compressible(megabytes: Int) -> Data {
  var state: UInt64 = 1
  var data = Data(capacity: megabytes << 20)
  while data.count < megabytes << 20 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    data.append(contentsOf: "/usr/lib/\(state >> 44).so\nlibrary content that repeats\n".utf8)
  }
  return data.prefix(megabytes << 20)
}

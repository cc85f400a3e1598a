import LinuxSystem
import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("A damaged tarball") struct DamagedTarballTests {
  private let bench: TreeBench

  init() throws {
    bench = try TreeBench()
    // Content that does not compress, so that damage can be in any member.
    try TreeJudge.shell(
      """
      mkdir tree tree/dir; for i in 1 2 3 4 5 6 7 8; do head -c 3000 /dev/urandom > tree/dir/file$i; done
      head -c 300000 /dev/urandom > tree/large; tar --format=pax -cf T.tar -C tree .
      """, in: bench.place)
  }

  private static let packers = [
    "xz": "xz -T1 -c T.tar > T", "xz in blocks": "xz -T2 --block-size=65536 -c T.tar > T",
    "zst": "zstd -q -c T.tar > T", "gz": "gzip -c T.tar > T", "bz2": "bzip2 -c T.tar > T",
  ]

  private func expectRefused(_ content: Data, _ what: String) throws {
    try content.write(to: URL(fileURLWithPath: bench.path("D").string))
    let root = try bench.directory("root")
    defer { _ = try? TreeJudge.shell("rm -rf root", in: bench.place) }
    do {
      try bench.unpack("D", into: root)
      Issue.record("\(what) was not noticed")
    } catch let error as MirrorError {
      #expect(error.subject.hasPrefix(bench.path("D").string), "\(what)")
    }
  }

  @Test("is refused wherever it is truncated", arguments: packers.keys.sorted())
  func truncated(format: String) throws {
    try TreeJudge.shell(Self.packers[format] ?? "", in: bench.place)
    let content = try bench.bytes("T")
    for part in 0..<40 {
      let length =
        part < 8 ? part * 5 : part < 12 ? content.count - 1 - (part - 8) * 3 : content.count * part / 40
      try expectRefused(content.prefix(length), "\(format) cut at \(length) of \(content.count)")
    }
  }

  @Test("is refused wherever a plain one is truncated, even between members")
  func truncatedPlain() throws {
    let content = try bench.bytes("T.tar")
    // GNU tar fills the last record with zeros, of which 1024 bytes are the end mark.
    let last = (content.lastIndex { $0 != 0 } ?? 0) / 512 * 512 + 512
    for length in stride(from: 0, to: last + 1024, by: 512 * 7) {
      try expectRefused(content.prefix(length), "cut at \(length)")
      try expectRefused(content.prefix(length + 100), "cut at \(length + 100)")
    }
    try expectRefused(content.prefix(last), "without an end mark")
    try expectRefused(content.prefix(last + 512), "with half an end mark")
  }

  @Test("is refused wherever a bit is flipped", arguments: packers.keys.sorted())
  func flipped(format: String) throws {
    try TreeJudge.shell(Self.packers[format] ?? "", in: bench.place)
    let content = try bench.bytes("T")
    var random = Seeded(state: 7)
    for _ in 0..<40 {
      // gzip's header contains a time and a system that are ignored here; some bits of zstd's are unused.
      let place = Int.random(in: 16..<content.count, using: &random)
      var damaged = content
      damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      try expectRefused(damaged, "\(format) with a bit flipped at \(place)")
    }
  }

  @Test("is refused with data after its end", arguments: packers.keys.sorted())
  func trailing(format: String) throws {
    try TreeJudge.shell(Self.packers[format] ?? "", in: bench.place)
    try expectRefused(try bench.bytes("T") + Data("garbage".utf8), "\(format) with garbage after it")
    try TreeJudge.shell("cp T.tar S.tar; printf garbage >> T.tar", in: bench.place)
    try TreeJudge.shell(Self.packers[format] ?? "", in: bench.place)
    try expectRefused(try bench.bytes("T"), "\(format) with garbage after its archive")
  }

  @Test("names the member with the damage, or the one before it")
  func naming() throws {
    let content = try bench.bytes("T.tar")
    try content.prefix(content.count / 2).write(to: URL(fileURLWithPath: bench.path("D").string))
    let error = try #require(throws: MirrorError.self) {
      try bench.unpack("D", into: try bench.directory("root"))
    }
    #expect(error.description.contains("member ./"))
  }

  @Test("is not accepted if empty, a text or a directory")
  func noTarball() throws {
    try expectRefused(Data(), "an empty file")
    try expectRefused(Data("no tarball\n".utf8), "a text")
    try expectRefused(Data(repeating: 0, count: 512), "half an end mark")
    #expect(throws: MirrorError.self) { try bench.unpack("tree", into: try bench.directory("root")) }
    #expect(throws: MirrorError.self) { try bench.unpack("missing", into: bench.path("root")) }
    #expect(throws: MirrorError.self) { try bench.unpack("T.tar", into: bench.path("missing")) }
  }

  @Test("ends its run soon when interrupted")
  func cancelled() throws {
    let cancellation = Cancellation()
    let error = try #require(throws: MirrorError.self) {
      try bench.unpack("T.tar", into: try bench.directory("root"), cancellation: cancellation) { _ in
        cancellation.cancel(signal: 15)
      }
    }
    #expect(error.code == .interrupted)
  }
}

@testable import StageTrees
import LinuxSystem
import MirrorModel
import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("The end of a tarball") struct TarballEndTests {
  private let bench: TreeBench

  init() throws {
    bench = try TreeBench()
    try TreeJudge.shell(
      "mkdir tree root; head -c 300000 /dev/urandom > tree/file; tar --format=pax -cf T.tar -C tree .",
      in: bench.place)
  }

  private static let packers: [(Compression, String)] = [
    (.gz, "gzip -c"), (.bz2, "bzip2 -c"), (.xz, "xz -0 -c"), (.zst, "zstd -qc"),
  ]

  /// Unpacks `T`, and checks its end without decompressing it.
  private func judge(_ compression: Compression) throws -> (error: MirrorError?, fault: StreamFault?) {
    try TreeJudge.shell("rm -rf root; mkdir root", in: bench.place)
    let file = try Descriptor(reading: bench.path("T"))
    let fault = try StreamEnd.fault(of: file, size: try file.status().size, .tar(compression))
    do {
      try bench.unpack("T", into: bench.path("root"))
      return (nil, fault)
    } catch let error as MirrorError { return (error, fault) }
  }

  @Test("may be followed by zeros after the compressed stream", arguments: packers.indices)
  func padding(_ number: Int) throws {
    let (compression, command) = Self.packers[number]
    for count in [1, 2, 3, 100, 4096, 3_000_000] {
      try TreeJudge.shell("{ \(command) T.tar; head -c \(count) /dev/zero; } > T", in: bench.place)
      let (error, fault) = try judge(compression)
      #expect(error == nil && fault == nil, "\(command) and \(count) zeros: \(error?.description ?? "")")
      try TreeJudge.shell("cmp root/file tree/file", in: bench.place)
    }
  }

  @Test("is reported if other data follows the compressed stream", arguments: packers.indices)
  func trailing(_ number: Int) throws {
    let (compression, command) = Self.packers[number]
    for data in ["printf g", "printf garbage", "head -c 4096 /dev/zero; printf garbage", "seq 100000"] {
      try TreeJudge.shell("{ \(command) T.tar; \(data); } > T", in: bench.place)
      let (error, fault) = try judge(compression)
      #expect(
        error?.problem.contains("has data after the end of its compressed stream") == true,
        "\(command); \(data): \(error?.description ?? "accepted")")
      // Only decompression shows where a gzip stream ends.
      #expect(compression == .gz || fault == .cutOff, "\(command); \(data)")
    }
  }

  @Test("may be the index of pixz, also in the decompressed file")
  func pixz() throws {
    try TreeJudge.shell("pixz -k T.tar T", in: bench.place)
    let (error, fault) = try judge(.xz)
    #expect(error == nil && fault == nil, "\(error?.description ?? "")")
    try TreeJudge.shell(
      "cmp root/file tree/file; xz -dc < T > plain; test $(wc -c < plain) -gt $(wc -c < T.tar)",
      in: bench.place)
    let plain = try bench.bytes("plain")
    for (content, isAccepted) in [
      (plain, true), (plain.dropLast(3), false), (plain + Data("x".utf8), false),
      (try bench.bytes("T.tar") + Data([0xa6, 0x4c, 0x32, 0x2e, 0xd6, 0x14, 0xae, 0xdb]), false),
    ] {
      try Data(content).write(to: URL(fileURLWithPath: bench.path("T").string))
      let outcome = try judge(.xz).error
      #expect((outcome == nil) == isAccepted, "\(outcome?.description ?? "accepted")")
    }
  }

  @Test("is not that of a tarball if there are only zeros")
  func zeros() throws {
    try TreeJudge.shell("head -c 10240 /dev/zero | gzip -c > T", in: bench.place)
    #expect(try judge(.gz).error?.problem.contains("contains only zeros") == true)
  }

  @Test("is missing if the first block of bzip2 is damaged")
  func firstBlock() throws {
    try TreeJudge.shell("bzip2 -c T.tar | head -c 200000 > T", in: bench.place)
    let error = try judge(.bz2).error
    #expect(error?.problem.contains("its bzip2 stream is corrupt") == true, "\(error?.description ?? "")")
  }

  @Test("of zstd is reached with windows above 128 MiB, within the limit of memory")
  func windows() throws {
    try TreeJudge.shell(
      "truncate -s 300M tree/holes; tar -cf - -C tree . | zstd -q -1 --long=31 -c > T", in: bench.place)
    #expect(try judge(.zst).error == nil)
    let limited = UnpackLimits(memory: 256 << 20)
    let error = try #require(throws: MirrorError.self) {
      try bench.unpack("T", into: bench.path("root"), .init(limits: limited, threads: 1))
    }
    #expect(error.code == .refused)
    #expect(
      error.problem.contains("needs 2048 MiB of memory to decompress, more than the limit of 256 MiB"))
    // A frame whose window is 4 GiB.
    try TreeJudge.shell("printf '\\050\\265\\057\\375\\000\\260\\001\\000\\000' > T", in: bench.place)
    #expect(try judge(.zst).error?.problem.contains("window of more than 2 GiB") == true)
  }
}

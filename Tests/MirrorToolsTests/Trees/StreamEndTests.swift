@testable import StageTrees
@testable import LinuxSystem
import MirrorModel
import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("The end of a compressed stream")
struct StreamEndTests {
  private let mirror: TestMirror

  init() throws {
    mirror = try TestMirror()
    // Content of several blocks, some compressible and some not.
    let made = try Tool.run(
      "sh", "-euc",
      "cd \"$1\"; { head -c 600000 /dev/urandom; head -c 900000 /dev/zero; seq 200000; } > plain",
      "sh", mirror.root.string)
    try #require(made.status == 0, "\(made.output)")
  }

  /// The content as compressed by a program.
  private func compressed(_ command: String) throws -> [UInt8] {
    let made = try Tool.run(
      "sh", "-euc", "cd \"$1\"; { \(command); } > out", "sh", mirror.root.string)
    try #require(made.status == 0, "\(made.output)")
    return Array(try #require(mirror.content("out")))
  }

  private func isWhole(_ bytes: some Sequence<UInt8>, _ compression: Compression) throws -> Bool {
    try fault(bytes, compression) == nil
  }

  /// The fault of a file; the same whether it was read or not.
  private func fault(_ bytes: some Sequence<UInt8>, _ compression: Compression) throws -> StreamFault? {
    let bytes = Array(bytes)
    try mirror.file("stream", Data(bytes))
    let file = try AnchoredDirectory(root: mirror.root).file("stream")
    var end = try #require(StreamEnd(.tar(compression)))
    // In pieces of odd sizes, as they come from disks.
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = rest.prefix(70_001)
      piece.withUnsafeBytes { end.take($0) }
      rest = rest.dropFirst(piece.count)
    }
    let fault = try end.fault(of: file, size: Int64(bytes.count))
    #expect(try StreamEnd.fault(of: file, size: Int64(bytes.count), .tar(compression)) == fault)
    return fault
  }

  private static let commands: [(Compression, String)] = [
    (.xz, "xz -1 -c plain"), (.xz, "xz -1 -T2 --block-size=200000 -c plain"), (.xz, "xz -c < /dev/null"),
    (.xz, "xz -1 -c plain; head -c 4096 /dev/zero"), (.xz, "xz -1 -c plain; xz -C none -c plain"),
    (.zst, "zstd -1 -c plain"), (.zst, "zstd -19 --no-check -c plain"), (.zst, "zstd -c < /dev/null"),
    (.zst, "zstd -c plain; zstd -c plain"),
    (.zst, "zstd -c --single-thread --stream-size=100 plain || zstd -c plain"),
    (.zst, "zstd -c plain; head -c 512 /dev/zero"), (.bz2, "bzip2 -1 -c plain"),
    (.bz2, "bzip2 -c < /dev/null"),
    (.bz2, "bzip2 -c plain; bzip2 -c plain"), (.bz2, "bzip2 -c plain; head -c 10240 /dev/zero"),
    (.gz, "gzip -c plain"), (.gz, "gzip -c < /dev/null"),
    // Only skippable frames before the others, as written by pzstd.
    (.zst, "printf 'P*M\\030\\004\\000\\000\\000abcd'; zstd -c plain"),
    (.zst, "printf '_*M\\030\\000\\000\\000\\000'"),
  ]

  @Test(
    "is found in the output of programs, with several streams and with padding", arguments: commands.indices)
  func whole(_ number: Int) throws {
    let (compression, command) = Self.commands[number]
    #expect(try isWhole(compressed(command), compression), "\(command)")
  }

  @Test(
    "is missing wherever a stream is truncated",
    arguments: ["xz -1 -c plain", "zstd -1 -c plain", "bzip2 -1 -c plain"])
  func cutOff(_ command: String) throws {
    let compression: Compression = command.hasPrefix("xz") ? .xz : command.hasPrefix("zstd") ? .zst : .bz2
    let bytes = try compressed(command)
    for count in [
      1, 7, 100, bytes.count / 3, bytes.count / 2, bytes.count - 1000, bytes.count - 8, bytes.count - 1,
    ] where count > 6 {
      #expect(try !isWhole(bytes.prefix(count), compression), "\(command), \(count) of \(bytes.count) bytes")
    }
  }

  @Test("is missing in an empty file, and in zeros after a power failure", arguments: Compression.allCases)
  func empty(_ compression: Compression) throws {
    #expect(try !isWhole([], compression))
    #expect(try !isWhole([UInt8](repeating: 0, count: 100_000), compression))
  }

  @Test("is missing if a second stream is truncated", arguments: ["xz", "zstd", "bzip2"])
  func second(_ program: String) throws {
    let compression: Compression = program == "xz" ? .xz : program == "zstd" ? .zst : .bz2
    let first = try compressed("\(program) -c plain")
    #expect(try !isWhole(first + first.prefix(first.count / 2), compression))
  }

  @Test("is distinguished from another format under the name", arguments: Compression.allCases)
  func otherKind(_ compression: Compression) throws {
    let texts = [
      "<!DOCTYPE html><html>502 Bad Gateway</html>", "x", "version https://git-lfs.github.com/spec/v1\n",
    ]
    for text in texts { #expect(try fault(Array(text.utf8), compression) == .otherKind, "\(text)") }
    for (other, command) in Self.commands where other != compression {
      #expect(try fault(compressed(command), compression) == .otherKind, "\(command)")
    }
    // Formats without a name: lzma, lzip, compress, zip, a plain tarball.
    for command in [
      "xz --format=lzma -c plain", "printf 'LZIP\\001\\014'; cat plain",
      "printf '\\037\\235\\220'; cat plain",
      "printf 'PK\\003\\004'; cat plain", "tar -cf - plain",
    ] {
      #expect(try fault(compressed(command), compression) == .otherKind, "\(command)")
    }
    #expect(try fault([0] + Array("zeros are no beginning".utf8), compression) == .otherKind)
    #expect(try fault([UInt8](repeating: 0, count: 512), compression) == .cutOff)
  }

  @Test("in garbage never traps")
  func garbage() throws {
    var dice = Seeded(state: 12)
    let bytes = try compressed("zstd -1 -c plain")
    for _ in 0..<300 {
      var broken = bytes
      for _ in 0..<4 {
        broken[Int.random(in: 4..<64, using: &dice)] = UInt8.random(in: 0...255, using: &dice)
      }
      _ = try isWhole(broken.prefix(Int.random(in: 5..<5000, using: &dice)), .zst)
    }
    let xz = try compressed("xz -1 -c plain")
    for _ in 0..<300 {
      var broken = xz
      for _ in 0..<4 {
        broken[broken.count - 1 - Int.random(in: 0..<40, using: &dice)] = UInt8.random(
          in: 0...255, using: &dice)
      }
      _ = try isWhole(broken, .xz)
    }
  }
}

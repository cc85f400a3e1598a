@testable import StageTrees
import LinuxSystem
import MirrorModel
import Foundation
import SystemPackage
import TestSupport
import Testing

/// Images as the usual programs make them.
private struct ImageBench {
  let place: TestMirror

  init() throws {
    place = try TestMirror()
    let made = try Tool.run(
      "sh", "-euc",
      """
      cd "$1"; mkdir tree
      head -c 700000 /dev/urandom > tree/a; head -c 5000 /dev/urandom > tree/b; seq 90000 > tree/c
      { head -c 3000000 /dev/urandom; seq 300000; } > disk; truncate -s 24M disk
      """, "sh", place.root.string)
    try #require(made.status == 0, "\(made.output)")
  }

  /// Makes `out`.
  func make(_ command: String) throws {
    let made = try Tool.run("sh", "-euc", "cd \"$1\"; rm -f out; \(command)", "sh", place.root.string)
    try #require(made.status == 0, "\(command): \(made.output)")
  }

  func fault(_ suffix: String) throws -> StreamFault? {
    let format = try #require(ArtifactKinds.builtIn.format(of: FileName("a\(suffix)")))
    let file = try AnchoredDirectory(root: place.root).file("out")
    return try StreamEnd.fault(of: file, size: try file.status().size, format)
  }
}

@Suite("The end of an image")
struct ImageEndTests {
  private static let made: [(suffix: String, command: String)] = [
    (".qcow2", "qemu-img convert -O qcow2 disk out"), (".qcow2", "qemu-img convert -c -O qcow2 disk out"),
    (".qcow2", "qemu-img convert -O qcow2 -o compat=0.10 disk out"),
    (".qcow2", "qemu-img convert -O qcow2 -o extended_l2=on,cluster_size=128k disk out"),
    (".qcow2", "qemu-img create -q -f qcow2 out 900G"),
    (".qcow2", "qemu-img convert -O qcow2 disk out; qemu-img snapshot -c one out"),
    (".vmdk", "qemu-img convert -O vmdk disk out"),
    (".vmdk", "qemu-img convert -O vmdk -o subformat=streamOptimized disk out"),
    (".vhd", "qemu-img convert -O vpc disk out"),
    (".vhd", "qemu-img convert -O vpc -o subformat=fixed disk out"),
    (".iso", "xorriso -as mkisofs -quiet -o out tree"), (".squashfs", "tar c tree | tar2sqfs -q out"),
    (".erofs", "mkfs.erofs out tree"), (".gpkg.tar", "tar cf out tree"),
    (".oci.tar", "tar --format=pax -cf out tree"), (".oci.tar", "tar --format=gnu -cf out tree"),
    (".wsl", "tar cz tree > out"), (".wsl", "tar cJ tree > out"), (".wsl", "tar c tree | zstd -q > out"),
    (".wsl", "tar cf out tree"), (".raw.xz", "xz -1c disk > out"), (".img.zst", "zstd -qc disk > out"),
    (".oci.tar.xz", "tar cJ tree > out"),
  ]

  @Test("an image as programs make it is complete", arguments: made.indices)
  func whole(_ number: Int) throws {
    let bench = try ImageBench()
    try bench.make(Self.made[number].command)
    #expect(try bench.fault(Self.made[number].suffix) == nil, "\(Self.made[number].command)")
  }

  @Test("a part of an image is not", arguments: made.indices)
  func truncated(_ number: Int) throws {
    let (suffix, command) = Self.made[number]
    // Nothing shows how long a gzip stream should be; the tables of an empty disk are at its start.
    guard !command.contains("tar cz"), !command.contains("900G") else { return }
    let bench = try ImageBench()
    try bench.make("\(command); cp out whole")
    for part in ["$((size / 2))", "$((size * 7 / 8))", "3000", "40", "0"] {
      try bench.make("cp whole out; size=$(stat -c %s out); truncate -s \(part) out")
      #expect(try bench.fault(suffix) != nil, "\(command): \(part)")
    }
    // What a power cut may leave: a file of the right size, without content.
    try bench.make("truncate -r whole out")
    #expect(try bench.fault(suffix) == .cutOff, "\(command)")
  }

  @Test("a page of a web server, and an image of another kind, are not", arguments: made.indices)
  func other(_ number: Int) throws {
    let (suffix, command) = Self.made[number]
    let bench = try ImageBench()
    try bench.make("yes '<p>502 Bad Gateway</p>' | head -c 90000 > out")
    #expect(try bench.fault(suffix) == .otherKind, "\(command)")
    try bench.make(suffix == ".qcow2" ? "tar cf out tree" : "qemu-img convert -O qcow2 disk out")
    // Where their header should be, it has zeros, like a file that was cut off.
    let isLater = [".iso", ".erofs"].contains(suffix)
    #expect(try bench.fault(suffix) == (isLater ? .cutOff : .otherKind), "\(command)")
  }

  @Test("headers with any numbers are judged within bounds")
  func hostile() throws {
    let bench = try ImageBench()
    var random = Seeded(state: 7)
    for suffix in [".qcow2", ".vmdk", ".vhd", ".iso", ".erofs", ".squashfs", ".gpkg.tar"] {
      let command = try #require(Self.made.first { $0.suffix == suffix }).command
      try bench.make(command)
      let sound = Array(try #require(bench.place.content("out")))
      let places = suffix == ".iso" ? 32768..<33000 : suffix == ".erofs" ? 1024..<1152 : 4..<512
      for _ in 0..<60 {
        var bytes = sound
        for _ in 0..<6 {
          bytes[Int.random(in: places, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        try bench.place.file("out", Data(bytes))
        _ = try bench.fault(suffix)
      }
    }
    // A table that names itself for ever.
    var loop = [UInt8](repeating: 0, count: 1 << 20)
    loop.replaceSubrange(0..<8, with: Array("QFI".utf8) + [0xfb, 0, 0, 0, 2])
    (loop[23], loop[37], loop[38], loop[46], loop[54], loop[59]) = (16, 0, 0x20, 1, 1, 1)
    for entry in stride(from: 1 << 16, to: 1 << 17, by: 8) { loop[entry + 5] = 1 }
    try bench.place.file("out", Data(loop))
    _ = try bench.fault(".qcow2")
  }
}

@testable import LinuxSystem
import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import MirrorTools

@Suite("rsync's listings")
struct RemoteListingTests {
  private func parse(_ text: String) throws -> RemoteListing {
    try RemoteListing(parsing: Array(text.utf8), of: "publish test")
  }

  @Test("files, directories and links are distinguished, with size, time and target")
  func kinds() throws {
    let listing = try parse(
      """
      drwxr-xr-x        4096 2026/11/26 03:48:14 .
      drwxr-xr-x        4096 2026/11/26 03:48:14 a
      -rw-r--r--  5368709121 1970/01/02 00:00:01 a/stage3.tar.xz
      lrwxrwxrwx          13 2026/11/26 03:48:14 latest -> a/stage3.tar.xz
      prw-r--r--           0 2026/11/26 03:48:14 pipe

      """.replacing("13 2026", with: "15 2026"))
    #expect(
      listing.nodes == [
        "a": .directory, "a/stage3.tar.xz": .file(size: 5_368_709_121, seconds: 86_401),
        "latest": .link(Array("a/stage3.tar.xz".utf8)), "pipe": .other,
      ])
  }

  @Test("an escaped byte is one byte, and a backslash itself")
  func escapes() throws {
    let listing = try parse(##"-rw-r--r--           1 2026/11/26 03:48:14 n\#012l \#134#012 \x \#303\#244"##)
    #expect(Array(listing.nodes.keys) == [MirrorPath(bytes: Array("n\nl \\#012 \\x ä".utf8))])
  }

  @Test("the size of a link separates its name from its target, even if munged by a daemon")
  func arrows() throws {
    let listing = try parse(
      """
      lrwxrwxrwx          10 2026/11/26 03:48:14 a -> b -> tar -> get
      lrwxrwxrwx          18 2026/11/26 03:48:14 c -> abc
      """)
    #expect(
      listing.nodes == ["a -> b": .link(Array("tar -> get".utf8)), "c": .link(Array("abc".utf8))])
  }

  @Test(
    "a line that cannot be parsed is an error, never an incomplete listing",
    arguments: [
      "Welcome to our mirror", "-rw-r--r--  1,234 2026/11/26 03:48:14 a",
      "-rw-r--r-- 1 2026/13/26 03:48:14 a",
      "-rw-r--r-- 1 2026/11/26 25:48:14 a", "lrwxrwxrwx 4 2026/11/26 03:48:14 a -> b", "?rw-r--r-- 1 x",
      "-rw-r--r-- 1 2026/11/26 03:48:14", ##"-rw-r--r-- 1 2026/11/26 03:48:14 a\#777"##,
      "-rw-r--r--           1 2026/11/26 03:48:14 a/.~partial~/../../../etc/passwd",
      "-rw-r--r--           1 2026/11/26 03:48:14 /etc/passwd",
      "-rw-r--r--           1 2026/11/26 03:48:14 a//b",
    ])
  func nonsense(_ line: String) throws {
    #expect(throws: MirrorError.self) { try parse(line) }
  }

  @Test("rsync itself lists any name so that it is parsed byte by byte")
  func real() throws {
    let mirror = try TestMirror()
    var names: [[UInt8]] = [
      Array("a -> b".utf8), Array("-n".utf8), Array(" x ".utf8), Array("\\#012".utf8),
      Array("\\\\#134#".utf8),
      Array("tab\there".utf8), Array("*?[".utf8), [0xff, 0xfe, 0x0a, 0x0d, 0x1b], Array("ä→".utf8),
      Array("..x".utf8), Array("#".utf8), Array(";".utf8),
    ]
    var random = Seeded(state: 7)
    for _ in 0..<200 {
      let bytes = (0..<Int.random(in: 1...12, using: &random)).map { _ in
        UInt8.random(in: 1...255, using: &random)
      }.filter { $0 != UInt8(ascii: "/") }
      if !bytes.isEmpty, bytes != Array(".".utf8), bytes != Array("..".utf8) { names.append(bytes) }
    }
    var expected: [MirrorPath: ListedNode] = [:]
    let root = try AnchoredDirectory(root: mirror.root)
    for (index, name) in names.enumerated() {
      let name = FileName(bytes: name)
      guard expected[MirrorPath(bytes: name.bytes)] == nil else { continue }
      if index.isMultiple(of: 3) {
        try root.createLink(name, to: Array(" -> \(index) -> ".utf8))
        expected[MirrorPath(bytes: name.bytes)] = .link(Array(" -> \(index) -> ".utf8))
      } else {
        let file = try root.createFile(name)
        try file.write([UInt8](repeating: 0, count: index))
        expected[MirrorPath(bytes: name.bytes)] = ListedNode(try file.status())
      }
    }
    let rsync = Rsync(
      destination: PublishDestination(name: "test", to: .path(mirror.root.string)), progress: RunProgress(),
      cancellation: Cancellation())
    let listing = try rsync.list([])
    #expect(listing.nodes.count == expected.count)
    for (path, node) in expected { #expect(listing.nodes[path] == node, "\(path)") }
  }
}

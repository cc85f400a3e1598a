import LinuxSystem
import TestSupport
import Testing

@testable import MirrorTools

@Suite("The record of sent files")
struct SentRecordTests {
  private let digest = [UInt8](repeating: 0xab, count: 32)

  private var record: SentRecord {
    var record = SentRecord(origin: "host:/srv/my mirror")
    record.lacks = [.links]
    record.files["index.xml"] = .init(size: 5, seconds: -3, sha256: digest)
    record.files["std/x86/gen/2026-11-20/a b\n%ä.tar.xz"] = .init(
      size: 1 << 40, seconds: 4_000_000_000, secondsThere: 2_147_483_647, sha256: digest, isDoubtful: true,
      isUploaded: true)
    record.links = ["std/x86/gen/stage3-latest.tar.xz", MirrorPath(bytes: [0x61, 0x2f, 0xff])]
    return record
  }

  @Test("is parsed as written, whatever the names")
  func roundTrip() { #expect(SentRecord(record.text) == record) }

  @Test("is not used if any line cannot be parsed, or leads elsewhere")
  func hostile() {
    let text = record.text
    for line in ["nonsense", "l ../../etc/passwd", "d ../..", "l ..", "f 1 2 - - short name", "d a//b", "l "]
    {
      #expect(SentRecord(text + Array("\(line)\n".utf8)) == nil, "\(line)")
    }
    #expect(SentRecord([]) == nil)
    #expect(SentRecord(Array("mirrorctl-sent 2\n".utf8)) == nil)
  }

  @Test("contains a name before it is sent, and until it is deleted there")
  func names() {
    var record = SentRecord(origin: "here:/")
    let entry = LocalEntry(path: "r/a/s/v/f", node: .file(size: 1, seconds: 9), role: .payload)
    let link = LocalEntry(path: "r/a/s/l", node: .link(Array("v/f".utf8)), role: .link)
    record.begin([entry, link], to: RemoteListing(), [entry.path: digest])
    #expect(record.names(entry.path) && record.names(link.path))
    #expect(record.directories == ["r", "r/a", "r/a/s", "r/a/s/v"])
    // It looks like the previous one until it was sent.
    record.begin([entry], to: RemoteListing(nodes: [entry.path: entry.node]), [entry.path: digest])
    #expect(record.files[entry.path]?.isDoubtful == true)
    let there = RemoteListing(nodes: [entry.path: .file(size: 1, seconds: 8), link.path: link.node])
    record.settle([entry, link], at: there, [entry.path: digest])
    #expect(record.files[entry.path] == .init(size: 1, seconds: 9, secondsThere: 8, sha256: digest))
    record.settle([], at: RemoteListing(nodes: [link.path: link.node]), [:])
    #expect(record.files.isEmpty && record.links == [link.path])
  }
}

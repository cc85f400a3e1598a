import MirrorModel
import StageTrees
import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("A tree with everything that a stage may contain") struct TreeEverythingStageMayHoldTests {
  private let bench: TreeBench
  private let original: [String]

  init() throws {
    bench = try TreeBench()
    try TreeJudge.makeRichTree(bench.path("tree"))
    original = try TreeJudge.describe(bench.path("tree"))
  }

  /// Known losses of bsdtar: the root's time, names with `=` as GNU tar writes them.
  private func differencesForBsdtar() throws -> [String] {
    differences(original, try TreeJudge.describe(bench.path("out"))).filter {
      !$0.contains("(b'',") && !$0.contains("user.with")
    }
  }

  @Test(
    "is restored from a tarball of GNU tar or bsdtar",
    arguments: [
      "tar --xattrs --xattrs-include='*' --acls -S --format=pax -cf T -C tree . 2>/dev/null",
      "tar --xattrs --xattrs-include='*' --acls -S --numeric-owner --format=pax -cJf T -C tree . 2>/dev/null",
      "bsdtar --format pax --numeric-owner --acls --xattrs -cf T -C tree . 2>/dev/null",
      "bsdtar --format pax --numeric-owner --acls --xattrs --zstd -cf T -C tree . 2>/dev/null",
    ])
  func fromPeers(command: String) throws {
    try TreeJudge.shell("\(command) || :", in: bench.place)
    let report = try bench.unpack("T", into: try bench.directory("out"))
    #expect(differences(original, try TreeJudge.describe(bench.path("out"))) == [])
    #expect(report.notes == [])
  }

  @Test("is the same after capture and unpacking", arguments: [nil] + Compression.allCases)
  func roundTrip(compression: Compression?) throws {
    let report = try bench.capture("tree", to: "T", { ($0.compression, $0.level) = (compression, 1) })
    #expect(report.notes == ["socket: is skipped: it is a socket"])
    let unpacked = try bench.unpack("T", into: try bench.directory("out"))
    #expect(unpacked.notes == [])
    #expect(unpacked.entries == report.entries)
    #expect(differences(original, try TreeJudge.describe(bench.path("out"))) == [])
    try bench.capture("out", to: "T2") { ($0.compression, $0.level) = (compression, 1) }
    #expect(try bench.bytes("T") == bench.bytes("T2"))
  }

  @Test("is extracted unchanged by GNU tar")
  func toGNUTar() throws {
    try bench.capture("tree", to: "T")
    try TreeJudge.shell(
      "mkdir out; tar --xattrs --xattrs-include='*' --acls --numeric-owner -xpf T -C out", in: bench.place)
    #expect(differences(original, try TreeJudge.describe(bench.path("out"))) == [])
    // Reads and compares all contents, modes, owners and times once more.
    #expect(
      try TreeJudge.shell("tar --numeric-owner -df T -C tree 2>&1 | grep -v hdrcharset || :", in: bench.place)
        == "")
  }

  @Test("is extracted unchanged by bsdtar")
  func toBsdtar() throws {
    try bench.capture("tree", to: "T")
    try TreeJudge.shell("mkdir out; bsdtar --acls --xattrs --numeric-owner -xpSf T -C out", in: bench.place)
    #expect(try differencesForBsdtar() == [])
  }

  @Test("is read by Python without errors")
  func toPython() throws {
    let report = try bench.capture("tree", to: "T")
    let names = try TreeJudge.python(
      "import sys, tarfile\nprint(len(tarfile.open(sys.argv[1], errorlevel=2).getmembers()))",
      bench.path("T").string)
    #expect(names == "\(report.entries)\n")
  }

  @Test("has a list of its contents like that of `tar -t`, in byte order")
  func contents() throws {
    try bench.capture("tree", to: "T", contents: "T.contents.gz")
    try TreeJudge.shell(
      """
      export LC_ALL=C.UTF-8
      zcat T.contents.gz > ours; tar -tf T > theirs 2>/dev/null; cmp ours theirs
      LC_ALL=C sort -c ours; gzip -lv T.contents.gz > /dev/null
      """, in: bench.place)
    // The time in the header, RFC 1952.
    #expect(try bench.bytes("T.contents.gz").dropFirst(4).prefix(4).elementsEqual([0, 0, 0, 0]))
  }

  @Test("is digested while it is written")
  func digests() throws {
    for compression in [nil, .xz] as [Compression?] {
      let report = try bench.capture("tree", to: "T") {
        ($0.compression, $0.level, $0.algorithms) = (compression, 1, DigestAlgorithm.allCases)
      }
      let peers = try TreeJudge.shell("sha256sum T; sha512sum T; b2sum T", in: bench.place)
      #expect(
        DigestAlgorithm.allCases.map { "\(report.digests.hexadecimal[$0.rawValue] ?? "")  T\n" }.joined()
          == peers)
      #expect(report.size == Int64(try bench.bytes("T").count))
    }
  }
}

/// Lines that only one of the two has.
func differences(_ expected: [String], _ found: [String]) -> [String] {
  let (old, new) = (Set(expected), Set(found))
  return expected.filter { !new.contains($0) }.map { "- \($0)" }
    + found.filter { !old.contains($0) }.map { "+ \($0)" }
}

@testable import MirrorModel
@testable import LinuxSystem
import CLinux
import Foundation
import SystemPackage
import Testing
import TestSupport

@testable import MirrorTools

private let today: CalendarDate = day("2026-11-22")
private let someDigest = String(repeating: "0f", count: 32)
private let longDigest = String(repeating: "0f", count: 64)

@Suite("index: what is listed")
struct IndexDocumentTests {
  @Test("the newest complete version of each subarch, one build per variant")
  func newest() throws {
    let mirror = try TestMirror()
      .version("std/x86/gen/2026-11-10")
      .version("std/x86/gen/2026-11-17", stages: ["stage1", "stage2", "stage3", "lxd"])
      .version("std/x86/gen/2026-11-20", status: "fail", compression: ".unknown")
      .version("std/x86/core/2026-11-01", compression: "")
      .directory("std/x86/empty/.control")
    let index = IndexDocument(try mirror.scan())
    #expect(index.subarches.map(\.name) == ["core", "gen"])
    #expect(index.subarches.last?.builds.map(\.variant) == ["lxd", "stage3"])
    #expect(index.subarches.last?.builds.map(\.id) == [1, 2])
    let stage3 = try #require(index.subarches.last?.builds.last)
    #expect(stage3.path == "/std/x86/gen")
    #expect(stage3.download == "/std/x86/gen/2026-11-17/stage3-gen-std-2026-11-17.tar.xz")
    #expect(stage3.latest == day("2026-11-17"))
    #expect(stage3.bytes == Int64(try #require(mirror.content("\(stage3.download)")).count))
    #expect(stage3.full)
    #expect(index.subarches.first?.builds.first?.full == false)
    #expect(index.problems == [])
  }

  @Test("no version dated in the future, except tomorrow: clocks and time zones differ")
  func future() throws {
    let mirror = try TestMirror().version("std/x86/a/2026-11-17").version("std/x86/a/2026-12-01")
      .version("std/x86/b/2026-11-23").version("std/x86/c/2026-11-24")
    let index = IndexDocument(try mirror.scan())
    #expect(index.subarches.map(\.name) == ["a", "b"])
    #expect(index.subarches.flatMap(\.builds).map(\.latest) == [day("2026-11-17"), day("2026-11-23")])
  }

  @Test("nothing that is about to be removed")
  func excluding() throws {
    let mirror = try TestMirror().version("std/x86/a/2026-11-10").version("std/x86/a/2026-11-17")
      .version("std/x86/b/2026-11-17")
    let index = IndexDocument(
      try mirror.scan(), excluding: ["std/x86/a/2026-11-17", "std/x86/b/2026-11-17"])
    #expect(index.subarches.flatMap(\.builds).map(\.latest) == [day("2026-11-10")])
  }

  @Test("a signature beside the tarball, binary rather than armoured")
  func signature() throws {
    let tarball = "std/x86/a/2026-11-17/stage3-a-std-2026-11-17.tar.xz"
    let mirror = try TestMirror().version("std/x86/a/2026-11-17")
    func signature() throws -> MirrorPath? {
      IndexDocument(try mirror.scan()).subarches.first?.builds.first?.signature
    }
    #expect(try signature() == nil)
    try mirror.file("\(tarball).asc")
    #expect(try signature() == MirrorPath("/\(tarball).asc"))
    try mirror.file("\(tarball).gpg")
    #expect(try signature() == MirrorPath("/\(tarball).gpg"))
  }

  private func document(buildInfo: String) throws -> IndexDocument {
    let mirror = try TestMirror().version("std/x86/a/2026-11-17")
      .file("std/x86/a/2026-11-17/build-info.json", buildInfo)
    let scanned = try mirror.scan()
    return IndexDocument(
      scanned,
      buildInfo: { version throws(MirrorError) in try BuildInfo.read(version, in: scanned) })
  }

  @Test("strings and numbers of build-info.json; values not valid as attributes are reported")
  func buildInfo() throws {
    let index = try document(
      buildInfo: #"""
        {"ARCH": "amd64", "JOBS": 4, "LOAD": 1.5, "name": "x", "builds": "9", "a b": "x",
         "xmlns": "x", "p:q": "x", "": "x", "BELL": "\u0007", "LIST": ["x"], "YES": true, "NOT": null}
        """#)
    #expect(index.subarches.first?.info == ["ARCH": "amd64", "JOBS": "4", "LOAD": "1.5"])
    let problem = try #require(index.problems.first?.description)
    #expect(problem.hasSuffix(": ``, `BELL`, `LIST`, `NOT`, `YES`, `a b`, `builds`, `name`, `p:q`, `xmlns`"))
    #expect(problem.contains("/std/x86/a/2026-11-17/build-info.json: "))
  }

  @Test(
    "a broken build-info.json is reported and hides nothing else",
    arguments: ["", "{", "[1]", "\"x\"", "{\"a\":"])
  func brokenBuildInfo(text: String) throws {
    let index = try document(buildInfo: text)
    #expect(index.problems.map(\.problem) == ["is not a JSON object"])
    #expect(index.subarches.first?.builds.count == 1)
  }

  @Test("an entry not valid in XML is omitted and reported; others are kept")
  func unwritable() throws {
    let mirror = try TestMirror().version("std/x86/a/2026-11-17")
      .file("std/x86/a/2026-11-17/lx\u{1}d-a-std-2026-11-17.tar.xz", "x")
      .file("std/x86/a/2026-11-17/x\u{FFFE}-a-std-2026-11-17.tar.xz", "x")
      .version("std/x86/b\u{7}/2026-11-17")
    let index = IndexDocument(try mirror.scan())
    #expect(index.subarches.map(\.name) == ["a"])
    #expect(index.subarches.first?.builds.map(\.variant) == ["stage3"])
    #expect(index.problems.count == 3)
    #expect(index.problems.contains { $0.subject.hasSuffix(#"/std/x86/b\x07"#) })
    #expect(try Tool.run("xmllint", "--noout", try written(XMLIndexWriter.bytes(index), mirror)).status == 0)
  }

  @Test("a name that is not UTF-8 is omitted and reported")
  func notUTF8() throws {
    let path = MirrorPath(bytes: Array("std/x86/".utf8) + [0xFF])
    var small = clinux_status()
    small.size = 1
    var tarballs = Folder(path: path.appending("2026-11-17"), status: FileStatus(clinux_status()))
    tarballs.tarballs = [
      Tarball("stage3.tar", in: tarballs.path, format: .tar(nil), status: FileStatus(small))
    ]
    let version = Version(
      name: "2026-11-17", isFuture: false, folder: tarballs, nested: [], hasStatus: true, hasSucceeded: true,
      hasBuildInfo: false)
    let folder = Folder(path: path, status: tarballs.status)
    let subarch = Subarch(
      build: "std", arch: "x86", name: path.name, control: ControlState(), folder: folder,
      versions: [version])
    let mirror = Mirror(
      root: "/m", kinds: .builtIn, folder: folder,
      builds: [
        Build(
          name: "std", folder: folder, snapshots: nil,
          arches: [Arch(name: "x86", folder: folder, subarches: [subarch])])
      ], horizon: VersionDate(today))
    let index = IndexDocument(mirror)
    #expect(index.subarches == [])
    #expect(index.problems.map(\.subject) == [#"/m/std/x86/\xff"#])
  }
}

/// Writes bytes beside the mirror's content; returns their path.
private func written(_ bytes: [UInt8], _ mirror: TestMirror) throws -> String {
  try mirror.file(".written", String(decoding: bytes, as: UTF8.self))
  return mirror.path(".written")
}

@Suite("index.xml and index.json")
struct IndexWriterTests {
  private func awkward() throws -> TestMirror {
    try TestMirror()
      .version("a&b/x86/<gen> \"1\"/2026-11-17", stages: ["stage1", "stage3", "lxd'é"])
      .file("a&b/x86/<gen> \"1\"/2026-11-17/build-info.json", #"{"CFLAGS": "-O2\t\"<&>'\n", "CHOST": "x"}"#)
      .version("std/x86/\n/2026-11-17")
  }

  private func index(_ mirror: TestMirror) throws -> IndexDocument {
    let scanned = try mirror.scan()
    return IndexDocument(
      scanned,
      digests: { _ in ["sha256": someDigest, "sha512": longDigest, "blake2b": longDigest, "md5": "0"] },
      buildInfo: { version throws(MirrorError) in try BuildInfo.read(version, in: scanned) })
  }

  @Test("the same mirror gives the same bytes, in Metro's form")
  func bytes() throws {
    let mirror = try TestMirror().version("std/x86/gen/2026-11-17", stages: ["stage1", "stage3"])
      .file("std/x86/gen/2026-11-17/build-info.json", #"{"CHOST": "x86_64-pc-linux-gnu", "ARCH": "amd64"}"#)
    let build = try #require(try index(mirror).subarches.first?.builds.first)
    let text = String(decoding: try XMLIndexWriter.bytes(try index(mirror)), as: UTF8.self)
    #expect(
      text == """
        <?xml version="1.0" encoding="UTF-8"?>
        <subarches>
          <subarch name="gen" builds="1" ARCH="amd64" CHOST="x86_64-pc-linux-gnu">
            <build id="1" variant="stage3" format="tar.xz" release="std" path="/std/x86/gen" latest="2026-11-17" \
        download="/std/x86/gen/2026-11-17/stage3-gen-std-2026-11-17.tar.xz" size="\(build.size)" bytes="\(build.bytes)" \
        sha256="\(someDigest)" sha512="\(longDigest)" blake2b="\(longDigest)" full="yes"/>
          </subarch>
        </subarches>

        """)
    #expect(String(decoding: try XMLIndexWriter.bytes(try index(mirror)), as: UTF8.self) == text)
  }

  @Test("an empty mirror has an empty index")
  func empty() throws {
    let mirror = try TestMirror()
    let text = String(decoding: try XMLIndexWriter.bytes(try index(mirror)), as: UTF8.self)
    #expect(text == "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<subarches/>\n")
  }

  @Test("xmllint accepts it with the shipped schema", .enabled(if: Tool.exists("xmllint")))
  func schema() throws {
    let schema = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Sources/MirrorTools/Index/index.rng").path
    for mirror in [try awkward(), try TestMirror()] {
      let path = try written(XMLIndexWriter.bytes(try index(mirror)), mirror)
      let result = try Tool.run("xmllint", "--noout", "--relaxng", schema, path)
      #expect(result.status == 0, "\(result.output)")
    }
    let mirror = try TestMirror().file("bad.xml", "<subarches><subarch name='x'/></subarches>")
    let bad = mirror.path("bad.xml")
    #expect(try Tool.run("xmllint", "--noout", "--relaxng", schema, bad).status != 0)
  }

  @Test("a reader restores every character", .enabled(if: Tool.exists("xmllint")))
  func roundTrip() throws {
    let mirror = try awkward()
    let path = try written(XMLIndexWriter.bytes(try index(mirror)), mirror)
    func value(_ expression: String) throws -> String {
      try Tool.run("xmllint", "--xpath", "string(\(expression))", path).output
    }
    #expect(try value("//subarch[1]/@name") == "<gen> \"1\"\n")
    #expect(try value("//subarch[1]/@CFLAGS") == "-O2\t\"<&>'\n\n")
    #expect(try value("//build[1]/@variant") == "lxd'é\n")
    #expect(try value("//subarch[2]/@name") == "\n\n")
  }

  @Test("JSON has the same data, keys sorted")
  func json() throws {
    let index = try index(awkward())
    let bytes = try JSONIndexWriter.bytes(index)
    #expect(try JSONDecoder().decode(IndexDocument.self, from: Data(bytes)) == index)
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.hasSuffix("}\n"))
    #expect(text.contains(#""download" : "/a&b/x86/<gen> \"1\"/2026-11-17/"#))
    #expect(!text.contains("problems"))
  }
}

@Suite("index: publishing")
struct IndexPublisherTests {
  func publish(_ text: String, in mirror: TestMirror) throws -> Bool {
    try IndexPublisher(root: mirror.root).publish(IndexFile(path: "index.xml", bytes: Array(text.utf8)))
  }

  @Test("an index is written only if it differs, and keeps its permissions")
  func publish() throws {
    let mirror = try TestMirror()
    let path = mirror.path("index.xml")
    #expect(try publish("one", in: mirror))
    #expect(try permissions(path) == 0o644)
    let before = try attributes(path)
    #expect(try !publish("one", in: mirror))
    #expect(try attributes(path)[.systemFileNumber] as? Int == before[.systemFileNumber] as? Int)
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
    #expect(try publish("two", in: mirror))
    #expect(try permissions(path) == 0o640)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "two")
    #expect(try FileManager.default.contentsOfDirectory(atPath: mirror.root.string) == ["index.xml"])
  }

  @Test("a file that is not regular is not replaced")
  func link() throws {
    let mirror = try TestMirror().file("elsewhere", "kept").link("index.xml", to: "elsewhere")
    #expect(throws: MirrorError.self) { try publish("", in: mirror) }
    #expect(try String(contentsOfFile: mirror.path("elsewhere"), encoding: .utf8) == "kept")
  }

  @Test("an index can be written to any other file")
  func output() throws {
    let mirror = try TestMirror().directory("www")
    #expect(try IndexPublisher.write([0x78], to: FilePath(mirror.path("www/list.json"))))
    #expect(try !IndexPublisher.write([0x78], to: FilePath(mirror.path("www/list.json"))))
    #expect(throws: MirrorError.self) {
      try IndexPublisher.write([], to: FilePath(mirror.path("none/list.json")))
    }
    #expect(throws: MirrorError.self) { try IndexPublisher.write([], to: "/") }
  }

  private func attributes(_ path: String) throws -> [FileAttributeKey: Any] {
    try FileManager.default.attributesOfItem(atPath: path)
  }

  private func permissions(_ path: String) throws -> Int? { try attributes(path)[.posixPermissions] as? Int }
}

@Suite("index: size in the format of du -h")
struct HumanSizeTests {
  private static let knownSizes: [(Int64, String)] = [
    (0, "0"), (512, "512"), (1023, "1023"), (1024, "1.0K"), (4096, "4.0K"), (10239, "10K"),
    (12_582_912, "12M"), (1_610_612_736, "1.5G"), (1_048_575, "1.0M"), (1_047_552, "1023K"),
    (1_047_553, "1.0M"), (.max, "8.0E"), (-1, "0"),
  ]

  @Test("known sizes", arguments: knownSizes)
  func known(bytes: Int64, text: String) { #expect(HumanSize.text(bytes) == text) }

  @Test("files on the disk", arguments: [0, 1, 4097, 40960, 43_000, 1_048_575, 9_999_999, 12_582_913])
  func du(count: Int) throws {
    let mirror = try TestMirror()
    try mirror.file("file", String(repeating: "x", count: count))
    let path = mirror.path("file")
    let directory = try AnchoredDirectory(root: mirror.root)
    let status = try #require(try directory.status(of: "file"))
    #expect(try Tool.run("du", "-h", path).output == "\(HumanSize.text(status.allocated))\t\(path)\n")
  }

  @Test("any size, rounded like numfmt of coreutils")
  func numfmt() throws {
    let sizes = (0..<200).map { _ in Int64.random(in: 0...(1 << Int64.random(in: 1...50))) }
    let mirror = try TestMirror().file("sizes", sizes.map { "\($0)\n" }.joined())
    let path = mirror.path("sizes")
    let peer = try Tool.run("sh", "-c", "LC_ALL=C numfmt --to=iec --round=up < '\(path)'").output
    #expect(sizes.map { "\(HumanSize.text($0))\n" }.joined() == peer)
  }
}

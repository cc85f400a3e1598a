import LinuxSystem
@testable import MirrorModel
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// `mirrorctl` as an ordinary user, who cannot read everything.
private let asPlainUser = ["--reuid=65534", "--regid=65534", "--clear-groups", Built.mirrorctl]
private let privilegesCanBeDropped: Bool =
  (try? Tool.run("setpriv", arguments: asPlainUser + ["--version"]))?.status == 0
private let straceWorks: Bool =
  Built.exists && (try? Tool.run("strace", "-o", "/dev/null", "true"))?.status == 0

@Suite("The scan of a mirror's directories")
struct ScanTests {
  /// A copy of the fixture; keep the value as long as it is used.
  private func fixture() throws -> (disk: TestMirror, mirror: Mirror) {
    let package = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
    let disk = try TestMirror()
    try FileManager.default.copyItem(atPath: "\(package)/Fixtures/mirror", toPath: disk.path("m"))
    let scanner = MirrorScanner(
      root: FilePath(disk.path("m")), layout: .metro, kinds: .builtIn, now: Int64(time(nil)))
    return (disk, try scanner.scan())
  }

  @Test("the fixture's releases, arches and subarches are found in order")
  func places() throws {
    let (_, mirror) = try fixture()
    #expect(mirror.problems.isEmpty)
    #expect(
      mirror.subarches.map { "\($0.path)" } == [
        "1.4-release-std/pure64/generic_64-pure64", "1.4-release-std/x86-64bit/generic_64",
        "1.4-release-std/x86-64bit/intel64-haswell", "funtoo-current/pure64/core2_64-pure64",
        "funtoo-current/pure64/generic_64-pure64", "funtoo-current/pure64/intel64-haswell-pure64",
        "funtoo-current/x86-64bit/amd64-piledriver", "funtoo-current/x86-64bit/core2_64",
        "funtoo-current/x86-64bit/generic_64",
      ])
    #expect(mirror.builds.map { $0.snapshots?.tarballs.count } == [2, 5])
  }

  @Test(
    "versions come oldest first: c is complete, f full, - neither, ? without a date",
    arguments: [
      ("1.4-release-std/x86-64bit/intel64-haswell", "old-stuff-? 2026-11-05- 2026-11-14f 2099-01-01c"),
      ("funtoo-current/pure64/core2_64-pure64", "2026-11-08f 2026-11-22-"),
      ("funtoo-current/pure64/generic_64-pure64", "2026-10-20f 2026-10-27c 2026-11-02-"),
      ("funtoo-current/pure64/intel64-haswell-pure64", ""),
      ("funtoo-current/x86-64bit/amd64-piledriver", "2026-11-10f 2026-11-18-"),
      ("funtoo-current/x86-64bit/core2_64", "2026-11-12c 2026-11-19c"),
    ])
  func versions(path: String, expected: String) throws {
    let (_, mirror) = try fixture()
    let subarch = try #require(mirror.subarches.first { $0.path == MirrorPath(path) })
    let found = subarch.versions.map { version in
      "\(version.name)" + (version.isFull ? "f" : version.isComplete ? "c" : "-")
        + (version.isDated ? "" : "?")
    }
    #expect(found.joined(separator: " ") == expected)
  }

  @Test("control directories are read: counts, versions with stage4, strategies, seeds")
  func control() throws {
    let (_, mirror) = try fixture()
    let byPath = Dictionary(uniqueKeysWithValues: mirror.subarches.map { ("\($0.path)", $0.control) })
    #expect(byPath["funtoo-current/x86-64bit/amd64-piledriver"]?.failcount == 2)
    #expect(byPath["funtoo-current/pure64/generic_64-pure64"]?.failcount == 3)
    #expect(
      byPath["1.4-release-std/x86-64bit/generic_64"]?.versions.keys.sorted()
        == ["stage1", "stage2", "stage3", "stage4/lxd", "stage4/openvz"])
    let remote = byPath["1.4-release-std/pure64/generic_64-pure64"]
    #expect(remote?.buildStrategy == "remote")
    #expect(remote?.seedStrategy == "stage3")
    #expect(remote?.remoteSeed == "funtoo-current/pure64/generic_64-pure64")
    #expect(byPath["funtoo-current/x86-64bit/generic_64"]?.remoteSeed == nil)
  }

  @Test("links have their targets, and whether these exist")
  func links() throws {
    let (_, mirror) = try fixture()
    let subarch = try #require(mirror.subarches.first { $0.path == "1.4-release-std/x86-64bit/generic_64" })
    #expect(
      subarch.folder.links.map { "\($0.path.name) \($0.isDead)" } == [
        "stage3-latest.tar.bz2 true", "stage3-latest.tar.bz2.gpg true", "stage3-latest.tar.bz2.hash.txt true",
        "stage3-latest.tar.xz false",
      ])
    let stage3 = "2026-11-17/stage3-generic_64-1.4-release-std-2026-11-17.tar.xz"
    #expect(subarch.folder.links.last?.destination == subarch.path.joined(MirrorPath(stage3)))

    let disk = try TestMirror().version("std/x86/gen/2026-11-01").link("std/x86/gen/outside", to: "/etc")
      .link("std/x86/gen/above", to: "../../../../mirrorctl-nothing").link("std/x86/gen/loop", to: "loop")
    let odd = try #require(try disk.scan().subarches.first).folder.links
    #expect(odd.map { $0.destination?.description } == [nil, "std/x86/gen/loop", nil])
    #expect(odd.map(\.isDead) == [true, true, false])
  }

  @Test("a lock is valid while its process lives; an empty one only while it is young")
  func locks() throws {
    let now = Int(TestMirror.noon)
    let mirror = try TestMirror().file("std/x86/gen/.control/.multi_progress", "77\n")
      .file("std/x86/gen/.control/.stage1_progress", "78")
      .file("std/x86/gen/.control/.stage2_progress", "", mtime: now)
      .file("std/x86/gen/.control/.stage3_progress", "", mtime: now - 3600)
      .file("std/x86/gen/.control/.stage4_progress", "no number", mtime: now - 3600)
      .scan { $0 == 77 }
    let locks = try #require(mirror.subarches.first).control.locks
    #expect(
      locks.map { "\($0.name) \($0.owner?.pid ?? 0) \($0.isAlive)" } == [
        ".multi_progress 77 true", ".stage1_progress 78 false", ".stage2_progress 0 true",
        ".stage3_progress 0 false", ".stage4_progress 0 false",
      ])
  }

  @Test("directories that are not subarches, hidden ones and links to directories are skipped")
  func noSubarch() throws {
    let mirror = try TestMirror().version("std/x86/gen/2026-11-01")
      .file("std/x86/distfiles/cache/foo.tar.xz").file("std/x86/.hidden/2026-11-01/status", "ok")
      .link("std/x86/same", to: "gen").link("other", to: "std").link("docs", to: "/usr/share").scan()
    #expect(mirror.subarches.map { "\($0.path)" } == ["std/x86/gen"])
    #expect(mirror.builds.map { "\($0.name)" } == ["std"])
    #expect(mirror.problems.isEmpty)
  }

  @Test("hostile names are preserved byte by byte")
  func names() throws {
    for name in ["a\nb", "$(touch x)", "-rf", "it's", " "] {
      let mirror = try TestMirror().directory("std/x86/\(name)/2026-11-01").scan()
      #expect(mirror.subarches.first?.name == FileName(name))
    }
    let disk = try TestMirror().version("std/x86/gen/2026-11-01")
    let raw = Array(disk.path("std/x86/").utf8) + [0xff, 0xfe, 0]
    #expect(rename(disk.path("std/x86/gen"), raw.map(CChar.init(bitPattern:))) == 0)
    let subarch = try #require(try disk.scan().subarches.first)
    #expect(subarch.name == FileName(bytes: [0xff, 0xfe]))
    #expect(subarch.path.description == #"std/x86/\xff\xfe"#)
  }

  @Test(
    "a directory that cannot be read is reported and skipped",
    .enabled(if: privilegesCanBeDropped, "needs setpriv, root and a mirrorctl that everybody may run"))
  func unreadable() throws {
    let disk = try TestMirror().version("std/x86/gen/2026-11-01").version("std/x86/core2/2026-11-01")
    #expect(chmod("\(disk.root)", 0o755) == 0)
    #expect(chmod(disk.path("std/x86/gen"), 0) == 0)
    let result = try Tool.run(
      "setpriv", arguments: asPlainUser + ["status", "--mirror", "\(disk.root)"])
    #expect(result.status == 3, "\(result.output)")
    #expect(result.output.contains("\(disk.path("std/x86/gen")): cannot open"))
    #expect(result.output.contains("2026-11-01 \(disk.path("std/x86/core2")) (stage3)"))
  }

  @Test(
    "a scan needs at most two system calls per file",
    .enabled(if: straceWorks, "needs strace and the built mirrorctl"))
  func systemCalls() throws {
    let calls = ["openat2", "getdents64", "statx", "newfstatat", "readlinkat", "close", "read", "pread64"]
    let count = { (versions: Int) throws -> Int in
      let disk = try TestMirror()
      for number in 0..<versions {
        let (year, month) = (String(2000 + number / 12), String(100 + number % 12 + 1).dropFirst())
        let version = "std/x86/gen/\(year)-\(month)-01"
        try disk.version(version).file("\(version)/build-info.json", "{}")
          .file("\(version)/stage3-gen-std-\(year)-\(month)-01.tar.xz.hash.txt", "sha256 0\n")
      }
      let table = try TestMirror()
      let result = try Tool.run(
        "strace", "-c", "-f", "-e", "trace=\(calls.joined(separator: ","))", "-o", table.path("calls"),
        Built.mirrorctl, "status", "--mirror", "\(disk.root)")
      #expect(result.status == 0, "\(result.output)")
      let lines = String(decoding: table.content("calls") ?? Data(), as: UTF8.self).split(separator: "\n")
      return lines.reduce(0) { sum, line in
        let fields = line.split(separator: " ")
        guard let name = fields.last, calls.contains(String(name)), fields.count > 4 else { return sum }
        return sum + (Int(fields[3]) ?? 0)
      }
    }
    // The difference excludes the cost of every run.
    let (few, many) = (try count(1), try count(201))
    #expect(few > 10)
    #expect(many - few <= 2 * 4 * 200)
  }
}

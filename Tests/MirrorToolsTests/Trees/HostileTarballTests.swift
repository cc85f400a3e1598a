import StageTrees
import LinuxSystem
import Foundation
import SystemPackage
import TestSupport
import Testing

/// A tarball that attempts something forbidden, and the member named in the error.
struct HostileTarball: Sendable, CustomTestStringConvertible {
  let testDescription: String
  /// Python code that adds members by `add`; `outside` is the directory that must not change.
  let members: String
  let named: String

  static let all: [HostileTarball] = [
    .init(testDescription: "climbs out", members: "add('../escaped', b'x')", named: "../escaped"),
    .init(
      testDescription: "climbs out of a directory", members: "add('a/../../escaped', b'x')", named: "a/../.."),
    .init(testDescription: "is absolute", members: "add(outside + '/escaped', b'x')", named: "/escaped"),
    .init(
      testDescription: "writes through a link that it made",
      members: "add('d', link=outside); add('d/escaped', b'x')", named: "d/escaped"),
    .init(
      testDescription: "writes through a relative link",
      members: "add('d', link='../outside'); add('d/escaped', b'x')", named: "d/escaped"),
    .init(
      testDescription: "writes through links in a row",
      members: "add('a/b', link='../..'); add('c', link='a/b'); add('c/outside/escaped', b'x')",
      named: "c/outside/escaped"),
    .init(
      testDescription: "writes through a link that stays inside",
      members: "add('usr/lib', kind=DIR); add('lib', link='usr/lib'); add('lib/x', b'x')", named: "lib/x"),
    .init(
      testDescription: "replaces a directory by a link",
      members: "add('d', kind=DIR); add('d/x', b'x'); add('d', link=outside); add('d/escaped', b'x')",
      named: "d"),
    .init(
      testDescription: "replaces an empty directory by a link",
      members: "add('d', kind=DIR); add('d', link=outside); add('d/escaped', b'x')", named: "d"),
    .init(
      testDescription: "makes a directory of a link",
      members: "add('d', link=outside); add('d', kind=DIR, mode=0o777)", named: "d"),
    .init(
      testDescription: "replaces the root by a link", members: "add('.', link=outside)", named: "."),
    .init(
      testDescription: "links to a file outside, absolutely",
      members: "add('h', hard=outside + '/victim'); add('h', b'x')", named: "h"),
    .init(
      testDescription: "links to a file outside, upwards", members: "add('h', hard='../outside/victim')",
      named: "h"),
    .init(
      testDescription: "links to a file outside through a link",
      members: "add('d', link=outside); add('h', hard='d/victim')", named: "h"),
    .init(
      testDescription: "links to a directory", members: "add('d', kind=DIR); add('h', hard='d')", named: "h"),
    .init(testDescription: "links to nothing", members: "add('h', hard='missing')", named: "h"),
    .init(testDescription: "links to itself", members: "add('h', b'x'); add('h', hard='h')", named: "h"),
    .init(testDescription: "has a name too long", members: "add('n' * 300, b'x')", named: "nnn"),
    .init(
      testDescription: "has a path too long", members: "add('/'.join(['d' * 200] * 30), b'x')", named: "ddd"),
    .init(testDescription: "lies too deep", members: "add('d/' * 300 + 'x', b'x')", named: "d/d/d"),
    .init(testDescription: "has an owner beyond all", members: "add('x', b'x', uid=1 << 40)", named: "x"),
    .init(
      testDescription: "is larger than all disks", members: "add('x', b'', size=1 << 50)", named: "x"),
    .init(
      testDescription: "has a file as a directory", members: "add('f', b'x'); add('f/x', b'x')", named: "f/x"),
  ]
}

@Suite("A hostile tarball") struct HostileTarballTests {
  private static let prelude = """
    import io, os, sys, tarfile
    outside, out = sys.argv[1], tarfile.open(sys.argv[2], "w", format=tarfile.PAX_FORMAT)
    DIR = tarfile.DIRTYPE
    def add(name, data=b"", kind=None, link=None, hard=None, mode=0o644, uid=0, size=None, device=None):
        t = tarfile.TarInfo(name)
        t.mode, t.uid = mode, uid
        t.type = kind or (tarfile.SYMTYPE if link else tarfile.LNKTYPE if hard else tarfile.REGTYPE)
        t.linkname = link or hard or ""
        t.size = size if size is not None else len(data)
        if device: t.devmajor, t.devminor = device
        out.addfile(t, io.BytesIO(data) if size is None else None)
    add("before", b"sound")
    """

  private let bench: TreeBench

  init() throws {
    bench = try TreeBench()
    _ = try bench.directory("outside")
    _ = try bench.directory("root")
    try TreeJudge.shell(
      "echo precious > outside/victim; mkdir outside/dir; chmod 600 outside/victim", in: bench.place)
  }

  private func make(_ members: String) throws {
    try TreeJudge.python(
      "\(Self.prelude)\n\(members)\nout.close()", bench.path("outside").string, bench.path("T").string)
  }

  @Test("is refused by the name of the member and changes nothing outside", arguments: HostileTarball.all)
  func refused(tarball: HostileTarball) throws {
    try make(tarball.members)
    let before = try TreeJudge.describe(bench.path("outside"))
    let error = try #require(throws: MirrorError.self) { try bench.unpack("T", into: bench.path("root")) }
    #expect(error.description.contains(bench.path("T").string))
    #expect(error.description.contains(tarball.named))
    #expect(try TreeJudge.describe(bench.path("outside")) == before)
    #expect(try TreeJudge.shell("ls", in: bench.place) == "T\nmirror\noutside\nroot\n")
    #expect(try TreeJudge.shell("cat before", in: bench.path("root")) == "sound")
  }

  @Test("that repeats a name leaves the last, and never writes through a replaced one")
  func duplicates() throws {
    try make(
      """
      add('x', link=outside + '/victim'); add('x', b'mine', mode=0o600)
      add('h', b'one'); add('i', hard='h'); add('h', b'two')
      """)
    let before = try TreeJudge.describe(bench.path("outside"))
    try bench.unpack("T", into: bench.path("root"))
    #expect(try TreeJudge.describe(bench.path("outside")) == before)
    #expect(try TreeJudge.shell("cat x h i", in: bench.path("root")) == "minetwoone")
  }

  @Test("cannot escape through links that already exist in the root")
  func preparedRoot() throws {
    try TreeJudge.shell("ln -s ../outside root/etc", in: bench.place)
    try make("add('etc/escaped', b'x')")
    let before = try TreeJudge.describe(bench.path("outside"))
    #expect(throws: MirrorError.self) { try bench.unpack("T", into: bench.path("root")) }
    #expect(try TreeJudge.describe(bench.path("outside")) == before)
  }

  @Test("gets no device if devices are not allowed")
  func devices() throws {
    try make(
      "add('disk', kind=tarfile.BLKTYPE, device=(8, 0)); add('also', hard='disk'); add('after', b'x')")
    let report = try bench.unpack(
      "T", into: bench.path("root"), TreeUnpacker.Options(threads: 1, canMakeDevices: false))
    #expect(try TreeJudge.shell("ls", in: bench.path("root")) == "after\nbefore\n")
    #expect(report.notes.count == 2)
    #expect(report.notes.first?.hasPrefix("disk: ") == true)
  }

  @Test("is limited in size and number of members")
  func limits() throws {
    try make("for i in range(20): add(f'f{i}', b'x' * 1000)")
    for (limits, member) in [
      (UnpackLimits(entries: 10), "f9"), (UnpackLimits(totalBytes: 5000), "f4"),
      (UnpackLimits(fileBytes: 999), "f0"), (UnpackLimits(depth: 0), "before"),
    ] {
      let error = try #require(throws: MirrorError.self) {
        try bench.unpack("T", into: bench.path("root"), TreeUnpacker.Options(limits: limits, threads: 1))
      }
      #expect(error.subject.hasSuffix("member \(member)"))
    }
  }

  @Test("cannot fill a report with notes")
  func notes() throws {
    try make("for i in range(500): add(f'd{i}', kind=tarfile.CHRTYPE, device=(1, 3))")
    let report = try bench.unpack(
      "T", into: bench.path("root"), TreeUnpacker.Options(threads: 1, canMakeDevices: false))
    #expect(report.notes.count == 101)
    #expect(report.notes.last == "and 400 more like these")
  }

  @Test("omits the content of an excluded directory, like GNU tar's --exclude='./dev/*'")
  func excluded() throws {
    try make(
      "add('./dev', kind=DIR, mode=0o750); add('./dev/null', kind=tarfile.CHRTYPE); add('./device', b'x'); add('dev/a/b', b'x')"
    )
    try bench.unpack("T", into: bench.path("root"), TreeUnpacker.Options(excluded: ["dev"], threads: 1))
    #expect(
      try TreeJudge.shell("find . -printf '%P %m\n' | sort", in: bench.path("root")) == """
         755
        before 644
        dev 750
        device 644

        """)
  }
}

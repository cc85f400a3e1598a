import StageTrees
import LinuxSystem
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// Members whose extended headers contain extreme values.
@Suite("The headers of a tarball") struct HeaderTests {
  /// `add(name, kind, records, data)` writes a member with these records; `kind` is `0` or `5`.
  private static let prelude = """
    import sys, tarfile
    out = open(sys.argv[1], "wb")
    def record(key, value):
        rest = b" " + key.encode() + b"=" + value + b"\\n"
        size = len(rest) + 1
        while len(str(size)) + len(rest) != size: size = len(str(size)) + len(rest)
        return str(size).encode() + rest
    def block(name, kind, data):
        t = tarfile.TarInfo(name); t.type, t.size, t.mode = kind.encode(), len(data), 0o755
        out.write(t.tobuf(tarfile.USTAR_FORMAT) + data + b"\\0" * (-len(data) % 512))
    def add(name, kind="0", records=(), data=b""):
        pax = b"".join(record(key, value) for key, value in records)
        if pax: block("pax", "x", pax)
        block(name, kind, data)
    """

  private let bench: TreeBench

  init() throws {
    bench = try TreeBench()
    _ = try bench.directory("root")
  }

  private func make(_ members: String) throws {
    try TreeJudge.python(
      "\(Self.prelude)\n\(members)\nout.write(b'\\0' * 1024); out.close()", bench.path("T").string)
  }

  private func refusal(_ options: TreeUnpacker.Options = .init(threads: 1)) throws -> MirrorError {
    try #require(throws: MirrorError.self) { try bench.unpack("T", into: bench.path("root"), options) }
  }

  @Test("may contain names that are not UTF-8, whatever error the thread met before")
  func staleError() throws {
    try make("for n in range(3): add('x', records=[('path', b'%d\\xe9\\xff' % n)])")
    let pipe = ChunkPipe(chunks: 1, bytes: 1 << 20)
    let chunk = try pipe.vacant()
    let bytes = try bench.bytes("T")
    chunk.bytes.copyBytes(from: bytes)
    pipe.send(chunk, count: bytes.count)
    pipe.finish()
    var reader = try TarReader(pipe, subject: "T")
    var names: [[UInt8]] = []
    while true {
      errno = ENOMEM
      guard let member = try reader.next() else { break }
      names.append(member.name)
    }
    #expect(names == (0..<3).map { [0x30 + $0, 0xe9, 0xff] })
  }

  @Test("may contain times before the epoch, with a fraction")
  func times() throws {
    let times = [
      "-1.5": -1_500_000_000, "-0.5": -500_000_000, "-0.000000001": -1, "-3": -3_000_000_000,
      "0.5": 500_000_000, "-2.000000001": -2_000_000_001, "1.25": 1_250_000_000,
    ]
    try make(
      times.keys.sorted().map { "add('t\($0)', records=[('mtime', b'\($0)')])" }.joined(separator: "\n"))
    try bench.unpack("T", into: bench.path("root"))
    let found = try TreeJudge.python(
      "import os, sys\nfor n in os.listdir(sys.argv[1]): print(n[1:], os.lstat(sys.argv[1] + '/' + n).st_mtime_ns)",
      bench.path("root").string)
    #expect(Set(found.split(separator: "\n").map(String.init)) == Set(times.map { "\($0.key) \($0.value)" }))
    // What a capture writes of them is read alike.
    try bench.capture("root", to: "T")
    try bench.unpack("T", into: bench.directory("again"))
    #expect(
      differences(try TreeJudge.describe(bench.path("root")), try TreeJudge.describe(bench.path("again")))
        == [])
  }

  @Test("may name users above 2^31 in access control lists")
  func largeNumbers() throws {
    try make(
      """
      list = b"user::rw-,user:3000000000:rwx,user:nobody-%d:r--:3000000001,user:7:r--,group::r--,mask::rwx,other::---"
      add("file", records=[("SCHILY.acl.access", list)])
      add("dir", "5", [("SCHILY.acl.default", b"user::rwx,group:4294967294:r--,group::r--,mask::rwx,other::---")])
      """)
    #expect(try bench.unpack("T", into: bench.path("root")).notes == [])
    let lists = try TreeJudge.shell("getfacl -nc file dir", in: bench.path("root"))
    for entry in [
      "user:7:r--", "user:3000000000:rwx", "user:3000000001:r--", "default:group:4294967294:r--",
    ] {
      #expect(lists.contains("\(entry)\n"), "\(lists)")
    }
    try make(
      "add('file', records=[('SCHILY.acl.access', b'user::rw-,user:5000000000:rwx,group::r--,other::---')])")
    #expect(try refusal().subject.hasSuffix("member file"))
  }

  @Test("are limited in size: values, holes, directories and lists")
  func limits() throws {
    try make("add('d', '5', [('SCHILY.xattr.user.a', b'x' * 70000)])")
    #expect(try refusal().description.contains("member d/: has an extended attribute of 70000 bytes"))
    try make(
      """
      holes = b"3000000\\n" + b"0\\n0\\n" * 3000000
      sparse = [("GNU.sparse.major", b"1"), ("GNU.sparse.minor", b"0"), ("GNU.sparse.name", b"f")]
      add("f", records=sparse + [("GNU.sparse.realsize", b"0")], data=holes + b"\\0" * (-len(holes) % 512))
      """)
    #expect(try refusal().problem.contains("more than 8 MiB of headers"))
    try make("for i in range(1000): add('d%d' % i, '5')")
    let limits = UnpackLimits(heldBytes: 100_000)
    let error = try refusal(.init(limits: limits, threads: 1))
    #expect(error.code == .refused && error.subject.contains("member d"))
    try make(
      """
      users = b",".join(b"user:nobody-%d:rwx" % i for i in range(3000))
      for i in range(10): add("d%d" % i, "5", [("SCHILY.acl.default", b"user::rwx,group::r-x,mask::rwx,other::r-x," + users)])
      """)
    let lists = UnpackLimits(heldBytes: 1_000_000)
    #expect(try refusal(.init(limits: lists, threads: 1)).problem.contains("1000000 bytes for directories"))
  }

  /// Only tmpfs of Linux 6.6 and some disks store large values.
  private static let roomy: FilePath? = {
    let made = try? Tool.run(
      "sh", "-c",
      "d=$(mktemp -d /dev/shm/mirrorctl-test-XXXXXX) && setfattr -n user.a -v $(head -c 50000 /dev/zero | tr '\\0' x) $d && echo $d || { rmdir $d; false; }"
    )
    guard let made, made.status == 0 else { return nil }
    return FilePath(made.output.filter { $0 != "\n" })
  }()

  @Test("of directories are not kept in memory", .enabled(if: roomy != nil))
  func memory() throws {
    let root = try #require(Self.roomy)
    defer { _ = try? Tool.run("rm", "-rf", root.string) }
    try make(
      "for i in range(500): add('d%d' % i, '5', [('SCHILY.xattr.user.a%d' % j, b'x' * 60000) for j in range(15)])"
    )
    let peak = try TreeJudge.python(
      """
      import resource, subprocess, sys
      subprocess.run([sys.argv[1], "unpack", "-q", sys.argv[2], sys.argv[3]], check=True)
      print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
      """, Program.path.string, bench.path("T").string, root.string)
    let mebibytes = try #require(Int(peak.filter { $0 != "\n" }))
    #expect(mebibytes < 200)
    #expect(try TreeJudge.shell("getfattr -d d499 | grep -c user.a", in: root) == "15\n")
  }

  @Test("with an owner that the user namespace does not contain name it, and where to add it")
  func foreignOwner() throws {
    try TreeJudge.python(
      """
      import sys, tarfile
      out = tarfile.open(sys.argv[1], "w"); t = tarfile.TarInfo("f"); t.gid = 250
      out.addfile(t); out.close()
      """, bench.path("T").string)
    let (status, output) = try Tool.run(
      "unshare", "--user", "--map-root-user", Program.path.string, "unpack", bench.path("T").string,
      bench.path("root").string)
    #expect(status == 1)
    #expect(output.contains("member f: belongs to group 250, which this user namespace does not contain"))
    #expect(output.contains("/etc/subgid"))
  }
}

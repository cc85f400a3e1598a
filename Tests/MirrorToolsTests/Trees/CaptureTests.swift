import LinuxSystem
@testable import StageTrees
import MirrorModel
import Foundation
import Glibc
import Synchronization
import SystemPackage
import TestSupport
import Testing

@Suite("A captured tree") struct CapturedTreeTests {
  private let bench: TreeBench

  init() throws { bench = try TreeBench() }

  @Test("gives the same bytes for any number of threads", arguments: [nil] + Compression.allCases)
  func threads(compression: Compression?) throws {
    // Several blocks of xz at level 0, whose dictionary is 256 KiB, and several jobs of zstd.
    try TreeJudge.shell(
      "mkdir tree; seq 1 900000 > tree/numbers; seq 7 3 900000 > tree/more; cp -r /etc/apt tree",
      in: bench.place)
    let all = try [1, 2, 5].map { threads in
      try bench.capture("tree", to: "T") {
        ($0.compression, $0.level, $0.threads) = (compression, compression == .xz ? 0 : 1, threads)
      }.digests
    }
    #expect(Set(all).count == 1)
  }

  @Test("gives the same bytes as its copy elsewhere, made in another order")
  func copies() throws {
    try TreeJudge.makeRichTree(bench.path("tree"))
    try TreeJudge.shell(
      """
      mkdir -p else/where/copy; cd tree
      tar --xattrs --xattrs-include='*' --acls --sort=name -S -cpf ../T . 2> /dev/null
      tar --xattrs --xattrs-include='*' --acls -tf ../T --quoting-style=literal > /dev/null
      tar --xattrs --xattrs-include='*' --acls --numeric-owner -xpf ../T -C ../else/where/copy
      """, in: bench.place)
    let one = try bench.capture("tree", to: "one", contents: "one.gz")
    let two = try bench.capture("else/where/copy", to: "two", contents: "two.gz")
    #expect(one.digests == two.digests)
    #expect(try bench.bytes("one.gz") == bench.bytes("two.gz"))
  }

  @Test("has no time later than the epoch, and keeps earlier ones")
  func epoch() throws {
    try TreeJudge.shell(
      "mkdir tree; touch -d @1500000000.5 tree/old; touch -d @1700000000.5 tree/new; touch -d @1600000000 tree/same",
      in: bench.place)
    try bench.capture("tree", to: "T") { $0.epoch = 1_600_000_000 }
    let times = try TreeJudge.python(
      "import sys, tarfile\nfor m in tarfile.open(sys.argv[1]): print(m.name, m.mtime, m.uname + ':' + m.gname)",
      bench.path("T").string)
    #expect(
      times == """
        . 1600000000 :
        ./new 1600000000 :
        ./old 1500000000.5 :
        ./same 1600000000 :

        """)
  }

  @Test("is below the prefix of a snapshot, without excluded files")
  func prefix() throws {
    try TreeJudge.shell(
      "mkdir -p tree/dev/pts tree/usr/dev; touch tree/dev/null tree/devices tree/usr/dev/kept",
      in: bench.place)
    let report = try bench.capture("tree", to: "T") { ($0.prefix, $0.excluded) = ("portage/", ["dev"]) }
    #expect(report.entries == 6)
    #expect(
      try TreeJudge.shell("tar -tf T", in: bench.place)
        == "portage/\nportage/dev/\nportage/devices\nportage/usr/\nportage/usr/dev/\nportage/usr/dev/kept\n")
  }

  @Test("refuses prefixes that lead elsewhere", arguments: ["/", "../", "a/../../", "portage", ""])
  func badPrefix(prefix: String) throws {
    _ = try bench.directory("tree")
    #expect(throws: MirrorError.self) { try bench.capture("tree", to: "T") { $0.prefix = prefix } }
    #expect(try TreeJudge.shell("ls -A", in: bench.place) == "mirror\ntree\n")
  }

  @Test("stops at another file system, and says so")
  func mounts() throws {
    try TreeJudge.shell("mkdir -p tree/proc outside; touch outside/file tree/file", in: bench.place)
    guard TreeJudge.isRoot,
      try Tool.run("mount", "--bind", bench.path("outside").string, bench.path("tree/proc").string).status
        == 0
    else {
      Issue.record("nothing can be mounted, so a mount was not tried", severity: .warning)
      return
    }
    defer { _ = try? Tool.run("umount", "-l", bench.path("tree/proc").string) }
    try Tool.run("mount", "--bind", bench.path("outside/file").string, bench.path("tree/file").string)
    defer { _ = try? Tool.run("umount", "-l", bench.path("tree/file").string) }
    let report = try bench.capture("tree", to: "T")
    #expect(try TreeJudge.shell("tar -tf T", in: bench.place) == "./\n./proc/\n")
    #expect(report.notes.map { $0.prefix { $0 != ":" } } == ["file", "proc"])
  }

  @Test(
    "is refused by name when a file changes meanwhile", arguments: ["grows", "shrinks", "is written"])
  func changing(how: String) throws {
    try TreeJudge.shell("mkdir tree; seq 1 2000000 > tree/file", in: bench.place)
    let path = bench.path("tree/file").string
    let isDone = Shared(Mutex(false))
    let capture = TreeCapture(
      TreeCapture.Options(compression: nil, threads: 1, epoch: TreeBench.farEpoch),
      cancellation: Cancellation()
    ) { _ in
      let isFirst = isDone.value.withLock { done in
        defer { done = true }
        return !done
      }
      guard isFirst else { return }
      _ =
        switch how {
        case "grows": try? Tool.run("sh", "-c", "echo more >> '\(path)'")
        case "shrinks": try? Tool.run("truncate", "-s", "5000000", path)
        default: try? Tool.run("sh", "-c", "printf x | dd of='\(path)' conv=notrunc bs=1 seek=9 2>/dev/null")
        }
    }
    let error = try #require(throws: MirrorError.self) {
      try capture.capture(bench.path("tree"), to: bench.path("T"))
    }
    #expect(error.code == .changed)
    #expect(error.subject == path)
    #expect(try TreeJudge.shell("ls -A", in: bench.place) == "mirror\ntree\n")
  }

  @Test("leaves nothing behind when it is interrupted", arguments: [nil] + Compression.allCases)
  func cancelled(compression: Compression?) throws {
    try TreeJudge.shell("mkdir tree; seq 1 3000000 > tree/file", in: bench.place)
    let cancellation = Cancellation()
    let options = TreeCapture.Options(
      compression: compression, level: compression.map { _ in 1 }, threads: 2, epoch: 0)
    let capture = TreeCapture(options, cancellation: cancellation) { _ in cancellation.cancel(signal: 2) }
    let error = try #require(throws: MirrorError.self) {
      try capture.capture(bench.path("tree"), to: bench.path("T"), contents: bench.path("T.gz"))
    }
    #expect(error.code == .interrupted)
    #expect(try TreeJudge.shell("ls -A", in: bench.place) == "mirror\ntree\n")
  }

  @Test("is restored, whatever it contains", arguments: 1...12)
  func anyTree(seed: Int) throws {
    try TreeJudge.python(
      """
      import os, random, sys
      r = random.Random(int(sys.argv[2])); os.mkdir(sys.argv[1]); os.chdir(os.fsencode(sys.argv[1]))
      directories, files = [b"."], []
      def name():
          alphabet = r.choice([b"ab-./".replace(b"/", b"_"), bytes(range(1, 47)) + bytes(range(48, 256))])
          length = r.choice([1, 2, 8, 60, 99, 100, 101, 154, 155, 156, 255])
          return bytes(r.choice(alphabet) for _ in range(length))
      for _ in range(r.randrange(5, 120)):
          path = os.path.join(r.choice(directories), name())
          if len(path) > 3500 or path.count(b"/") > 200: continue
          kind = r.randrange(8)
          try:
              if kind < 2: os.mkdir(path, r.choice([0o755, 0o700, 0o1777, 0o2755, 0o555])); directories.append(path)
              elif kind < 5:
                  with open(path, "xb") as f:
                      for _ in range(r.randrange(4)):
                          if r.random() < 0.4: f.seek(r.choice([1, 4095, 4096, 100000, 3000000]), 1)
                          f.write(r.randbytes(r.choice([0, 1, 511, 512, 513, 4096, 70000])))
                      f.truncate(max(f.tell(), r.choice([0, 0, 1, 1 << 20])))
                      os.fchmod(f.fileno(), r.randrange(0o10000)); files.append(path)
                  if r.random() < 0.3: os.setxattr(path, b"user." + bytes(r.choice(range(33, 127)) for _ in range(5)), r.randbytes(r.randrange(300)))
              elif kind == 5: os.symlink(r.choice([name(), b"/" + name(), b"../" * 9]), path)
              elif kind == 6 and files: os.link(r.choice(files), path)
              elif kind == 7: os.mkfifo(path)
              os.utime(path, ns=(0, r.choice([0, -1 * 10**9, r.randrange(2 * 10**18), r.randrange(2 * 10**9) * 10**9])), follow_symlinks=False)
              if os.getuid() == 0 and kind != 6: os.chown(path, r.randrange(70000), r.choice([0, 65534, 1 << 21, (1 << 32) - 2]), follow_symlinks=False)
          except (FileExistsError, FileNotFoundError, NotADirectoryError, PermissionError): pass
      """, bench.path("tree").string, "\(seed)")
    let original = try TreeJudge.describe(bench.path("tree"))
    let captured = try bench.capture("tree", to: "T")
    #expect(captured.notes == [])
    try bench.unpack("T", into: try bench.directory("out"))
    #expect(differences(original, try TreeJudge.describe(bench.path("out"))) == [])
    try TreeJudge.shell(
      "mkdir gnu; tar --xattrs --xattrs-include='*' --acls --numeric-owner -xpf T -C gnu", in: bench.place)
    #expect(differences(original, try TreeJudge.describe(bench.path("gnu"))) == [])
    #expect(try bench.capture("out", to: "T2").digests == captured.digests)
  }
}

/// Makes a mutex usable in a closure.
private final class Shared<Value: ~Copyable & Sendable>: Sendable {
  let value: Value
  init(_ value: consuming Value) { self.value = value }
}

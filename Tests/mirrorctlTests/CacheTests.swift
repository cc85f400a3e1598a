import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("clean --caches") struct CacheTests {
  private let workspace: Workspace

  /// A mirror with one version and its log, and a cache of each kind, as builds leave them.
  init() throws {
    workspace = try Workspace()
    try workspace.shell(
      """
      version=mirror/std/x86-64bit/gen/2026-11-01
      mkdir -p $version/log; echo ok > $version/status
      echo content | xz > $version/stage3-gen-std-2026-11-01.tar.xz
      for i in 1 2 3; do head -c 40000 /dev/zero > $version/log/step$i.txt; done
      mkdir -p tmp/cache; cd tmp/cache
      for kind in distfiles package-cache/x86-64bit/std/gen/full/stage3 ccache/x86-64bit; do
        mkdir -p $kind/sub; for i in 1 2 3; do head -c 40000 /dev/zero > $kind/sub/file$i; done
      done
      echo 'mirrorctl cache of distfiles' > distfiles.lock
      echo 'mirrorctl cache of packages' > package-cache/x86-64bit/std/gen/full/stage3.lock
      echo index > package-cache/x86-64bit/std/gen/full/stage3/Packages
      echo 'mirrorctl cache of ccache' > ccache/x86-64bit.lock
      echo 'max_size = 1G' > ccache/x86-64bit/ccache.conf
      chmod -R go-w .; chmod 600 $(find . -name '*.lock')
      """)
    try configure("")
  }

  private func configure(_ section: String) throws {
    let text = "[section path]\ntmp: \(workspace.path)/tmp\n[section caches]\n\(section)\n"
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(workspace.path)/.metro"))
  }

  private func files(_ path: String) throws -> [String] {
    try workspace.shell("cd '\(path)'; find . -type f | sort").text.split(separator: "\n").map(String.init)
  }

  private static let packages = "tmp/cache/package-cache/x86-64bit/std/gen/full/stage3"

  @Test("deletes the oldest files of each cache until the rest fits, and keeps the records of its users")
  func size() throws {
    try configure(
      "distfiles/size: 90000\npackages/size: 45000\nccache/size: 50K\nlogs/size: 100000")
    let plan = try workspace.mirrorctl("clean", "--caches")
    #expect(plan.status == 0, "\(plan.errorText)")
    #expect(
      plan.text.contains(
        "would delete 1 of 3 files, 40 KiB, of distfiles: \(workspace.path)/tmp/cache/distfiles\n"),
      "\(plan.text)")
    #expect(try files("tmp/cache/distfiles").count == 3)
    let run = try workspace.mirrorctl("clean", "--caches", "--apply", "--json")
    #expect(run.status == 0, "\(run.errorText)")
    #expect(try files("tmp/cache/distfiles") == ["./sub/file2", "./sub/file3"])
    #expect(try files(Self.packages) == ["./Packages", "./sub/file3"])
    #expect(try files("tmp/cache/ccache/x86-64bit") == ["./ccache.conf", "./sub/file3"])
    #expect(try files("mirror/std/x86-64bit/gen/2026-11-01/log").count == 2)
    #expect(try workspace.mirrorctl("clean", "--caches", "--apply").text == "")
    #expect(try workspace.mirrorctl("verify").status != 4)
  }

  @Test("leaves a cache in use, a directory without the mark, and the targets of links as they are")
  func foreign() throws {
    try configure("distfiles/size: 1\npackages/size: 1\nccache/size: 1")
    try workspace.shell(
      """
      mkdir other; echo precious > other/file; ln -s ../../../other tmp/cache/ccache/x86-64bit/link
      : > tmp/cache/distfiles.lock
      """)
    let build = try workspace.start([
      "python3", "-c",
      "import fcntl, sys, time; file = open(sys.argv[1]); fcntl.flock(file, fcntl.LOCK_SH); time.sleep(600)",
      "\(workspace.path)/\(Self.packages).lock",
    ])
    while try workspace.run(["flock", "-n", "\(workspace.path)/\(Self.packages).lock", "true"]).status == 0 {}
    let run = try workspace.mirrorctl("clean", "--caches", "--apply")
    #expect(run.status == 3, "\(run.errorText)")
    #expect(run.text.contains("in use by a build"), "\(run.text)")
    #expect(run.errorText.contains("distfiles: was not created by this version"), "\(run.errorText)")
    kill(build.pid, SIGKILL)
    _ = try build.wait()
    #expect(try files("tmp/cache/distfiles").count == 3)
    #expect(try files(Self.packages).count == 4)
    #expect(try files("tmp/cache/ccache/x86-64bit") == ["./ccache.conf"])
    #expect(try files("other") == ["./file"])
  }

  @Test("deletes whole object caches of git and copies of trees, and no other repository")
  func trees() throws {
    try configure("git/size: 1")
    try workspace.shell(
      """
      mkdir -p tmp/cache/cloned-repositories/tree-kits tmp/cache/rsync/copy; cd tmp/cache/cloned-repositories
      for name in tree tree-kits/core; do
        git init --quiet --bare --template= $name; git -C $name config uploadpack.allowAnySHA1InWant true
        : > $name.lock
      done
      git init --quiet --bare mine; : > mine.lock; : > ../cloned-repositories.lock
      echo ebuild > ../rsync/copy/x.ebuild; echo 'mirrorctl copy of a package tree' > ../rsync/copy.lock
      mkdir ../rsync/foreign; echo x > ../rsync/foreign/x; : > ../rsync/foreign.lock
      chmod -R go-w ..; chmod 600 *.lock */*.lock ../*.lock ../rsync/*.lock
      """)
    let run = try workspace.mirrorctl("clean", "--caches", "--apply")
    #expect(run.status == 0, "\(run.errorText)")
    #expect(
      try workspace.shell("cd tmp/cache; find cloned-repositories rsync -maxdepth 2 -type d | sort").text
        .contains("cloned-repositories/mine"))
    for (path, isThere) in [
      ("cloned-repositories/tree", false), ("cloned-repositories/tree-kits/core", false),
      ("rsync/copy", false),
      ("cloned-repositories/mine/HEAD", true), ("rsync/foreign/x", true),
    ] {
      #expect(
        FileManager.default.fileExists(atPath: "\(workspace.path)/tmp/cache/\(path)") == isThere, "\(path)")
    }
  }

  @Test("is a step of upkeep if the configuration limits a cache, and asks for limits otherwise")
  func upkeep() throws {
    let none = try workspace.mirrorctl("clean", "--caches")
    #expect(none.status == 1 && none.errorText.contains("limits no cache"), "\(none.errorText)")
    #expect(try !workspace.mirrorctl("upkeep").text.contains("caches"))
    try configure("distfiles/size: 90000\nhistory/age: 30d")
    let plan = try workspace.mirrorctl("upkeep", "--dry-run", "--json")
    #expect(plan.status == 0 && plan.text.contains("\"caches\""), "\(plan.text)\(plan.errorText)")
    let run = try workspace.mirrorctl("upkeep")
    #expect(
      run.text.contains("caches: 1 items of distfiles deleted, 40 KiB\n"), "\(run.text)\(run.errorText)")
    try configure("distfiles/age: soon")
    let bad = try workspace.mirrorctl("clean", "--caches")
    #expect(bad.status == 1 && bad.errorText.contains("caches/distfiles/age"), "\(bad.errorText)")
    try configure("distfile/age: 3d")
    #expect(try workspace.mirrorctl("clean", "--caches").errorText.contains("is not a setting"))
  }
}

import LinuxSystem
import Foundation
import Glibc
import StageBuilder
import SystemPackage
import TestSupport
import Testing

@Suite("A work directory", .waiting) struct WorkDirectoryTests {
  private let directory: Workspace
  private var work: FilePath { directory.path.appending("work/stage3-generic_64") }

  init() throws { directory = try Workspace() }

  private func make() throws -> WorkDirectory { try WorkDirectory(work, cancellation: Cancellation()) }

  /// Creates one as left by a killed run.
  private func leave(_ name: String) throws {
    do {
      var held = try WorkDirectory(directory.path.appending("work/\(name)"), cancellation: Cancellation())
      held.keep()
    }
    // A kept one differs in one word.
    try directory.shell("sed -i s/kept/work/ work/\(name).lock")
  }

  @Test("exists and is empty while it is held, and is removed afterwards")
  func thereEmptyWhile() throws {
    do {
      let held = try make()
      #expect(held.path == work)
      try directory.shell(
        "test $(stat -c %a work work/stage3-generic_64 | tr '\\n' ' ' | tr -d ' ') = 700700")
      try directory.shell("mkdir -p work/stage3-generic_64/a/b; touch work/stage3-generic_64/a/b/c")
    }
    #expect(try Tree(directory.path.appending("work")).nodes.isEmpty)
  }

  @Test("is emptied of leftovers of a killed run")
  func emptiedWhatKilled() throws {
    try leave("stage3-generic_64")
    try directory.shell("mkdir -p work/stage3-generic_64/root/bin; touch work/stage3-generic_64/x")
    let held = try make()
    #expect(try Tree(work).nodes.isEmpty)
    _ = consume held
  }

  @Test("does not replace a non-empty directory that no run created")
  func notMadeDirectory() throws {
    try directory.shell(
      "mkdir -m 700 work; mkdir -p work/stage3-generic_64/root; touch work/stage3-generic_64/x")
    let before = try Tree(directory.path)
    let error = #expect(throws: MirrorError.self) { _ = try make() }
    #expect(error?.code == .refused)
    #expect(error?.subject == work.string)
    #expect(try Tree(directory.path) == before)
    // A lock of version 0.1 proves nothing: it was written before the directory was examined.
    try directory.shell("printf 'mirrorctl work directory\\n1\\n' > work/stage3-generic_64.lock")
    #expect(throws: MirrorError.self) { _ = try make() }
    let swept = try WorkDirectory.sweep(work.removingLastComponent(), cancellation: Cancellation())
    #expect(swept.removed == [])
    #expect(swept.problems.map(\.subject) == [work.string])
    #expect(FileManager.default.fileExists(atPath: "\(work)/x"))
  }

  @Test("does not replace another directory with the name of a killed run's")
  func notMadeAnother() throws {
    try leave("stage3-generic_64")
    try directory.shell(
      "cd work; rmdir stage3-generic_64; mkdir stage3-generic_64; touch stage3-generic_64/x")
    #expect(throws: MirrorError.self) { _ = try make() }
    #expect(try WorkDirectory.sweep(work.removingLastComponent(), cancellation: Cancellation()).removed == [])
    #expect(FileManager.default.fileExists(atPath: "\(work)/x"))
  }

  @Test("does not touch another program's lock, nor the directory beside it")
  func doesNotTouch() throws {
    try directory.shell("mkdir -m 700 work; echo dependencies > work/stage3-generic_64.lock")
    let before = try Tree(directory.path)
    let error = #expect(throws: MirrorError.self) { _ = try make() }
    #expect(error?.code == .refused)
    #expect(try Tree(directory.path) == before)
  }

  @Test("belongs to one run at a time: the error names the holder")
  func belongsOneRun() throws {
    let held = try make()
    let error = #expect(throws: MirrorError.self) {
      _ = try WorkDirectory(work, cancellation: Cancellation())
    }
    #expect(error?.code == .busy)
    #expect(error?.subject == "\(work).lock")
    #expect(error?.problem == "in use by another run (pid \(getpid()))")
    _ = consume held
    _ = try make()
  }

  @Test("is free when its run drops it, even while a program that was just started has inherited its lock")
  func inherited() throws {
    let held = try make()
    // A program has such a copy until it runs.
    let file = try #require(
      (0..<1024).first { number in
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)"))
          == "\(work).lock"
      })
    let copy = fcntl(Int32(file), F_DUPFD_CLOEXEC, 0)
    defer { close(copy) }
    try #require(copy >= 0)
    _ = consume held
    _ = try make()
  }

  @Test("that is kept is not swept")
  func keptStaysNot() throws {
    do {
      var held = try make()
      try directory.shell("touch work/stage3-generic_64/x")
      held.keep()
      // Until then it is ours as before.
      let error = #expect(throws: MirrorError.self) { _ = try make() }
      #expect(error?.code == .busy)
    }
    #expect(try WorkDirectory.sweep(work.removingLastComponent(), cancellation: Cancellation()).removed == [])
    let mark = try #require(try Tree(work.removingLastComponent()).nodes["stage3-generic_64.lock"])
    #expect(
      try Tree(work.removingLastComponent()).nodes == [
        "stage3-generic_64": .directory, "stage3-generic_64/x": .file([]), "stage3-generic_64.lock": mark,
      ])
    // The next run with that name may empty it.
    let again = try make()
    #expect(try Tree(work).nodes.isEmpty)
    _ = consume again
  }

  @Test("of a dead run is swept; others are not")
  func deadRunSwept() throws {
    let held = try make()
    try leave("dead")
    try directory.shell(
      """
      mkdir -p work/dead/root; touch work/dead/root/x
      mkdir work/other; echo theirs > work/other.lock; ln -s dead.lock work/link.lock; mkdir work/link
      cp work/dead.lock work/gone.lock; cp work/dead.lock work/copied.lock; mkdir work/copied; touch work/copied/x
      """)
    let parent = work.removingLastComponent()
    let swept = try WorkDirectory.sweep(parent, cancellation: Cancellation())
    #expect(swept.problems.map(\.subject) == [parent.appending("copied").string])
    #expect(
      swept.removed.sorted { $0.string < $1.string } == [parent.appending("dead"), parent.appending("gone")])
    #expect(
      try Tree(parent).nodes.keys.sorted() == [
        "copied", "copied.lock", "copied/x", "link", "link.lock", "other", "other.lock", "stage3-generic_64",
        "stage3-generic_64.lock",
      ])
    _ = consume held
  }

  @Test(
    "is refused if others could tamper with it",
    arguments: ["chmod 777 work", "chmod 777 .", "chgrp 65534 work; chmod 770 work"])
  func refusedWhereOthers(harm: String) throws {
    try directory.shell("mkdir -m 700 work; \(harm)")
    let error = #expect(throws: MirrorError.self) {
      _ = try WorkDirectory(work, cancellation: Cancellation())
    }
    #expect(error?.code == .refused)
    #expect(error?.remedy == "fix its owner and mode, or set path/work to another directory")
  }

  @Test("is refused below another user's directory")
  func refusedBelowStranger() throws {
    try directory.shell("mkdir -m 700 work; chown 12345 work")
    let error = #expect(throws: MirrorError.self) {
      _ = try WorkDirectory(work, cancellation: Cancellation())
    }
    #expect(error?.problem == "belongs to user 12345, who could change its contents")
  }

  /// What another user can prepare in a sticky directory, or in a directory that links lead to.
  static let traps = [
    "ln -s ../real shared/sub; chown -h 65534 shared/sub",
    "mkdir shared/sub; ln -s ../../real/x shared/sub/x; mkdir real/x; chown -h 65534 shared/sub shared/sub/x",
    "mkdir shared/sub shared/sub/x; chown 65534 shared/sub",
    "mkdir -m 1777 shared/sub; touch shared/sub/x.lock; chown 65534 shared/sub/x.lock",
    "mkdir -m 1777 shared/sub; mkdir shared/sub/x; chown 65534 shared/sub/x",
    "mkdir -m 1777 shared/sub; ln secret shared/sub/x.lock",
    "mkdir -m 1777 shared/sub; mkfifo shared/sub/x.lock",
  ]

  @Test(
    "is refused, and nothing is changed, if another user prepared something on its path",
    .enabled(if: Host.isRoot, Host.needsRoot), arguments: traps)
  func trapped(trap: String) throws {
    try directory.shell("mkdir -m 700 real; mkdir -m 1777 shared; chmod 1777 shared; : > secret; \(trap)")
    let before = try Tree(directory.path)
    let error = #expect(throws: MirrorError.self) {
      _ = try WorkDirectory(directory.path.appending("shared/sub/x"), cancellation: Cancellation())
    }
    #expect(error?.code == .refused, "\(error.map { "\($0)" } ?? "")")
    #expect(try Tree(directory.path) == before)
  }

  @Test("may be in a sticky directory, and behind links of root, with dots or not")
  func behindLinks() throws {
    try directory.shell(
      "mkdir -m 1777 shared; chmod 1777 shared; mkdir -m 700 real; ln -s shared/../real one; ln -s $PWD/one two"
    )
    for place in ["shared/x", "two/x", "two/new/x"] {
      let held = try WorkDirectory(directory.path.appending(place), cancellation: Cancellation())
      try directory.shell("test -d \(place)")
      _ = consume held
      try directory.shell("test ! -e \(place)")
    }
    try directory.shell("ln -s b a; ln -s a b")
    let error = #expect(throws: MirrorError.self) {
      _ = try WorkDirectory(directory.path.appending("a/x"), cancellation: Cancellation())
    }
    #expect(error?.code == .system(.tooManySymbolicLinkLevels))
  }

  @Test("is refused if its lock is a link")
  func whoseLockLink() throws {
    try directory.shell("mkdir -m 700 work; echo own > victim; ln -s ../victim work/stage3-generic_64.lock")
    #expect(throws: MirrorError.self) { _ = try WorkDirectory(work, cancellation: Cancellation()) }
    #expect(try directory.shell("cat victim").text == "own\n")
  }

  @Test("is removed without following links")
  func removedThroughNo() throws {
    try directory.shell("mkdir victim; touch victim/x")
    do {
      let held = try make()
      try directory.shell("ln -s ../../victim \(held.path)/link; ln -s / \(held.path)/root")
    }
    #expect(try Tree(directory.path.appending("victim")).nodes == ["x": .file([])])
    #expect(try Tree(directory.path.appending("work")).nodes.isEmpty)
  }

  @Test("is removed however deep it is")
  func removedHoweverDeep() throws {
    do {
      let held = try make()
      // Longer than any path may be, and deeper than the number of descriptors.
      let name = String(repeating: "d", count: 40)
      var level = open(held.path.string, O_RDONLY | O_DIRECTORY)
      for _ in 0..<3000 {
        try #require(mkdirat(level, name, 0o755) == 0)
        let next = openat(level, name, O_RDONLY | O_DIRECTORY)
        close(level)
        level = next
      }
      close(level)
    }
    #expect(try Tree(directory.path.appending("work")).nodes.isEmpty)
  }

  @Test("is removed even if files in it are not accessible", .enabled(if: Host.isRoot, Host.needsRoot))
  func removedWithWhat() throws {
    do {
      let held = try make()
      try directory.shell(
        "mkdir -p \(held.path)/a/b; touch \(held.path)/a/b/c; chmod 000 \(held.path)/a/b/c; chmod 000 \(held.path)/a"
      )
    }
    #expect(try Tree(directory.path.appending("work")).nodes.isEmpty)
  }

  @Test("is not emptied if it contains a mount, which is named", .enabled(if: Host.isRoot, Host.needsRoot))
  func withMountNot() throws {
    try leave("stage3-generic_64")
    try directory.shell("mkdir -p work/stage3-generic_64/mnt cache; touch cache/x")
    let mounted = try Tool.run(
      "unshare", "-m", "sh", "-c",
      "mount --bind \(directory.path)/cache \(work)/mnt; exec \(Program.path) step --work \(work) /dev/null")
    #expect(mounted.output.contains("\(work)/mnt: another file system is mounted here"))
    #expect(access("\(directory.path)/cache/x", F_OK) == 0)
  }

  @Test(
    "is not removed if it contains an immutable file, which is named",
    .enabled(if: Host.isRoot && Immutable.isPossible, "needs root and chattr"))
  func withSomethingImmutable() throws {
    var held = try make()
    let file = "\(held.path)/file"
    try directory.shell("touch \(file)")
    try #require(Immutable.set(file, true))
    defer { _ = Immutable.set(file, false) }
    var error: MirrorError?
    do throws(MirrorError) { try held.remove() } catch let fault { error = fault }
    #expect(error?.subject == file)
    #expect(error?.remedy?.description.contains("chattr -ia") == true)
  }
}

/// `chattr +i`.
enum Immutable {
  static let isPossible: Bool = {
    var template = Array("/tmp/mirrorctl-immutable-XXXXXX".utf8CString)
    let raw = mkstemp(&template)
    guard raw >= 0 else { return false }
    close(raw)
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { unlink(path) }
    return set(path, true) && set(path, false)
  }()

  static func set(_ path: String, _ value: Bool) -> Bool {
    (try? Tool.run("chattr", value ? "+i" : "-i", path).status) == 0
  }
}

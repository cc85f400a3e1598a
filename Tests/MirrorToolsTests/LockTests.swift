@testable import LinuxSystem
@testable import MirrorModel
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Synchronization
import Testing

@testable import MirrorTools

@Suite("The mirror's lock") struct MirrorSLockTests {
  @Test("names its holder to a second run")
  func namesHolderSecond() throws {
    let mirror = try TestMirror()
    let first = try MirrorLock(root: mirror.root, verb: "digestgen", cancellation: Cancellation())
    let error = #expect(throws: MirrorError.self) {
      _ = try MirrorLock(root: mirror.root, verb: "clean", cancellation: Cancellation())
    }
    #expect(error?.code == .busy)
    #expect(error?.problem.contains("mirrorctl digestgen, pid \(getpid()) on ") == true)
    _ = consume first
  }

  @Test("is free again after its holder")
  func freeAgainAfter() throws {
    let mirror = try TestMirror()
    do { _ = try MirrorLock(root: mirror.root, verb: "index", cancellation: Cancellation()) }
    _ = try MirrorLock(root: mirror.root, verb: "clean", wait: 5, cancellation: Cancellation())
  }
}

@Suite("A wait") struct WaitTests {
  @Test("for the mirror's lock ends when its holder ends")
  func lock() throws {
    let mirror = try TestMirror()
    // It ends once somebody waits for its lock.
    let script = """
      touch held; inode=$(stat -c %i .mirrorctl.lock)
      until grep -q -- "-> FLOCK.*:$inode " /proc/locks; do sleep 0.01; done
      """
    let holder = try RunningProgram(
      Program.limited + ["env", "-C", "\(mirror.root)", "flock", ".mirrorctl.lock", "sh", "-c", script],
      environment: ["PATH": "/usr/bin:/bin"])
    while access(mirror.path("held"), F_OK) != 0 { usleep(1000) }
    _ = try MirrorLock(root: mirror.root, verb: "clean", wait: 300, cancellation: Cancellation())
    _ = try holder.wait()
  }

  @Test("for the mirror's lock ends when a stop is requested, and leaves no process")
  func stopped() throws {
    let mirror = try TestMirror()
    let first = try MirrorLock(root: mirror.root, verb: "index", cancellation: Cancellation())
    let cancellation = Cancellation()
    let hasThread = BackgroundThread.start {
      usleep(20_000)
      cancellation.cancel(signal: SIGTERM)
    }
    #expect(hasThread)
    let error = #expect(throws: MirrorError.self) {
      _ = try MirrorLock(root: mirror.root, verb: "clean", wait: 300, cancellation: cancellation)
    }
    #expect(error?.code == .interrupted)
    _ = consume first
    // Another test may just start a process, which has the lock until it runs its program.
    _ = try MirrorLock(root: mirror.root, verb: "clean", wait: 5, cancellation: Cancellation())
  }

  @Test("ends at once when a stop is requested, on every thread")
  func cancelled() throws {
    let cancellation = Cancellation()
    #expect(cancellation.descriptor >= 0)
    cancellation.cancel(signal: SIGINT)
    // Each thread sees it, and again.
    for _ in 1...2 { #expect(!cancellation.wait(until: .now + .seconds(300))) }
    let error = #expect(throws: MirrorError.self) { try cancellation.wait(milliseconds: 300_000) }
    #expect(error?.code == .interrupted)
  }

  @Test("for a program ends when it ends, whoever holds its output")
  func program() throws {
    let outcome = try HostProgram.run(["sh", "-c", "sleep 300 & echo $!; exit 3"])
    #expect(outcome.status == 3)
    let sleeper = try #require(Int32(String(decoding: outcome.output, as: UTF8.self).dropLast()))
    #expect(kill(sleeper, SIGKILL) == 0)
  }

  @Test("for a program ends when a stop is requested, with its whole group", arguments: [false, true])
  func group(leads: Bool) throws {
    let workspace = try Workspace()
    let cancellation = Cancellation()
    let mark = workspace.path.appending("mark").string
    let hasThread = BackgroundThread.start {
      while access(mark, F_OK) != 0 { usleep(1000) }
      cancellation.cancel(signal: SIGTERM)
    }
    #expect(hasThread)
    let script = "sleep 300 & echo $! > '\(workspace.path)/pid'; touch '\(mark)'; wait"
    let error = #expect(throws: MirrorError.self) {
      _ = try HostProgram.run(["sh", "-c", script], leads: leads, cancellation: cancellation)
    }
    #expect(error?.code == .interrupted)
    let text = try workspace.shell("cat pid").text
    let sleeper = try #require(Int32(text.dropLast()))
    // Without a group, only the program itself is ended. A process that nobody waits for remains as a zombie.
    let status = (try? String(contentsOfFile: "/proc/\(sleeper)/stat", encoding: .utf8)) ?? "Z"
    #expect(status.contains("Z") == leads)
    kill(sleeper, SIGKILL)
  }

  @Test("for a child that is dropped kills it")
  func dropped() throws {
    let sleeper = try RunningProgram(["sleep", "300"], environment: ["PATH": "/usr/bin:/bin"])
    do { _ = try ChildProcess(pid: sleeper.pid, name: "sleep") }
    #expect(!sleeper.isRunning || kill(sleeper.pid, 0) != 0)
  }
}

@Suite("The catalog") struct CatalogTests {
  @Test("that is broken is renamed and created anew, with a warning")
  func brokenPutAside() throws {
    let workspace = try Workspace()
    let path = workspace.state.appending(Catalog.fileName(for: workspace.mirror))
    try workspace.shell("mkdir state; head -c 8192 /dev/urandom > '\(path)'")
    var warnings: [MirrorError] = []
    let catalog = try Catalog.open(for: workspace.mirror, in: workspace.state) { warnings.append($0) }
    // The second one is about the journal, the only part of a catalog that cannot be made again.
    #expect(warnings.count == 2)
    #expect(catalog.path == path)
    #expect(try catalog.records().isEmpty)
    #expect(access("\(path).broken", F_OK) == 0)
  }

  @Test("that contains values of other types is read all the same")
  func otherTypes() throws {
    let workspace = try Workspace()
    let path = workspace.state.appending(Catalog.fileName(for: workspace.mirror))
    let catalog = try Catalog.open(for: workspace.mirror, in: workspace.state) { Issue.record($0) }
    try catalog.note(run: "upkeep", status: 0, at: 1_700_000_000)
    let script = "import sqlite3, sys; b = sqlite3.connect(sys.argv[1]); b.execute(sys.argv[2]); b.commit()"
    let change = "UPDATE run SET at = 'x', status = x'00ff', succeeded = 1.5"
    let outcome = try Tool.run("python3", "-c", script, path.string, change)
    try #require(outcome.status == 0, "\(outcome.output)")
    #expect(try catalog.runs() == ["upkeep": RunRecord(at: 0, status: 0, succeeded: 1)])
  }

  @Test(
    "that lacks a table or a column is renamed and created anew, with a warning",
    arguments: [
      "DROP TABLE tarball", "DROP TABLE upload", "DROP TABLE grdb_migrations",
      "ALTER TABLE build DROP COLUMN log",
    ])
  func incomplete(_ damage: String) throws {
    let workspace = try Workspace()
    let path = workspace.state.appending(Catalog.fileName(for: workspace.mirror))
    do { _ = try Catalog.open(for: workspace.mirror, in: workspace.state) { Issue.record($0) } }
    let script = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute(sys.argv[2])"
    #expect(try Tool.run("python3", "-c", script, path.string, damage).status == 0)
    var warnings: [MirrorError] = []
    let catalog = try Catalog.open(for: workspace.mirror, in: workspace.state) { warnings.append($0) }
    #expect(warnings.count == 1)
    #expect(catalog.path == path)
    #expect(try catalog.records().isEmpty)
    #expect(access("\(path).broken", F_OK) == 0)
  }

  @Test("that another program locks is left alone, and the run goes on without it, with a warning")
  func locked() throws {
    let workspace = try Workspace()
    let path = workspace.state.appending(Catalog.fileName(for: workspace.mirror))
    do { _ = try Catalog.open(for: workspace.mirror, in: workspace.state) { Issue.record($0) } }
    let script = """
      import sqlite3, sys, time
      base = sqlite3.connect(sys.argv[1], isolation_level=None)
      base.execute("PRAGMA locking_mode = EXCLUSIVE"); base.execute("BEGIN EXCLUSIVE")
      open(sys.argv[2], "w").close(); time.sleep(300)
      """
    let mark = "\(workspace.path)/locked"
    let holder = try RunningProgram(
      ["python3", "-c", script, path.string, mark], environment: workspace.environment)
    defer { kill(holder.pid, SIGKILL) }
    while holder.isRunning, access(mark, F_OK) != 0 { usleep(1000) }
    var warnings: [MirrorError] = []
    let catalog = try Catalog.open(for: workspace.mirror, in: workspace.state) { warnings.append($0) }
    #expect(catalog.isTemporary)
    #expect(Catalog.existing(for: workspace.mirror, in: workspace.state) { warnings.append($0) } == nil)
    #expect(warnings.map(\.problem) == Array(repeating: "another program locks the catalog", count: 2))
    #expect(access("\(path).broken", F_OK) != 0)
  }

  @Test("without a place is in memory, with a warning")
  func noPlaceLives() throws {
    let workspace = try Workspace()
    try workspace.shell("touch state")
    var warnings: [MirrorError] = []
    let catalog = try Catalog.open(for: workspace.mirror, in: workspace.state) { warnings.append($0) }
    #expect(warnings.count == 1)
    #expect(catalog.path == nil)
  }
}

@Suite("A name") struct NameTests {
  @Test(
    "is shown on one line, escaped if necessary",
    arguments: [
      (Array("a\nb".utf8), "a\\nb"), (Array("\u{1b}[31m".utf8), "\\x1b[31m"),
      ([0x61, 0xff, 0x62], "a\\xffb"),
      (Array("\u{202e}x".utf8), "\\xe2\\x80\\xaex"), (Array("a\\b".utf8), "a\\\\b"),
      (Array("größe".utf8), "größe"),
    ])
  func shownOnOne(bytes: [UInt8], shown: String) {
    #expect(FileName(bytes: bytes).description == shown)
  }

  @Test("joins and splits as a path")
  func joinsPartsPath() {
    let path: MirrorPath = "a/b"
    #expect(path.appending("c") == "a/b/c")
    #expect(path.appending("c").parent == path)
    #expect(path.appending("c").name == "c")
    #expect(path.appending("c").isWithin(path))
    #expect(!MirrorPath("a/bc").isWithin(path))
    #expect(path.isWithin(MirrorPath("")))
  }

  @Test("of a day exists for every day from 1970 to 2100, in order")
  func dayOneFor() throws {
    var last = -1
    for year in 1970...2100 {
      for month in 1...12 {
        for day in 1...31 {
          guard let date = CalendarDate(year: year, month: month, day: day) else { continue }
          try #require(date.ordinal == last + 1)
          try #require(CalendarDate(date.description.utf8) == date)
          last = date.ordinal
        }
      }
    }
    #expect(CalendarDate("2026-02-29".utf8) == nil)
    #expect(CalendarDate("2026-1-01".utf8) == nil)
  }
}

@Suite("The owner of a lock") struct LockOwnerTests {
  private let own = LockOwner.Machine.current

  /// Knows one process of this machine, and that job 7 ended.
  private let probe = ProcessProbe({ pid, _ in pid == 5 }, hasEnded: { $0 == 7 })

  private func isAlive(_ text: String) throws -> Bool {
    probe(try #require(LockOwner(Array(text.utf8))), lockWritten: 0)
  }

  @Test("is a process of this machine in its present boot, or a job elsewhere that did not end")
  func owners() throws {
    // Metro's, and those of mirrorctl 0.1.0.
    #expect(try isAlive("5\n"))
    #expect(try !isAlive("6\n"))
    #expect(try isAlive("5\n\(own.host) \(own.boot) -\n"))
    #expect(try !isAlive("6\n\(own.host) \(own.boot) 8\n"))
    #expect(try !isAlive("5\n\(own.host) another-boot 8\n"))
    // Without /proc, the boot is not known.
    #expect(try isAlive("5\n\(own.host) - -\n"))
    #expect(try isAlive("6\nelsewhere another-boot 8\n"))
    #expect(try !isAlive("5\nelsewhere another-boot 7\n"))
    // Without a job, nobody knows.
    #expect(try isAlive("6\nelsewhere another-boot -\n"))
    #expect(LockOwner(Array("\n5".utf8)) == nil)
    #expect(LockOwner(LockOwner.own.text) == .own)
  }

  @Test("of a temporary file is known by its name")
  func names() {
    func isInUse(_ name: String, since age: Int64 = 0) -> Bool {
      TemporaryName.isInUse(FileName(name), written: SystemClock.seconds - age, probe)
    }
    let machine = TemporaryName.make().description.dropLast(4).suffix(16)
    let random = "0123456789abcdef"
    #expect(isInUse(".mirrorctl-5-\(random).tmp"))
    #expect(!isInUse(".mirrorctl-6-\(random).tmp"))
    #expect(isInUse(".mirrorctl-5-\(random)\(machine).tmp"))
    #expect(!isInUse(".mirrorctl-6-\(random)\(machine).tmp"))
    #expect(!isInUse(".mirrorctl-5-\(random)\(machine.prefix(8))00000000.tmp"))
    #expect(isInUse(".mirrorctl-6-\(random)\(random).tmp"))
    #expect(!isInUse(".mirrorctl-6-\(random)\(random).tmp", since: 90_000))
    #expect(!isInUse("stage3.tar.xz"))
  }
}

@Suite("Slurm") struct SlurmJobProbeTests {
  @Test("is asked once about the locks of a job")
  func questions() {
    let asked = Mutex<[Int]>([])
    let probe = SlurmJobProbe { job in
      asked.withLock { $0.append(job) }
      return job == 7
    }
    for _ in 0..<3 {
      #expect(probe.hasEnded(7))
      #expect(!probe.hasEnded(8))
    }
    #expect(asked.withLock { $0 } == [7, 8])
  }

  @Test("names states in which a job still counts as alive, and those in which it does not")
  func states() {
    #expect(SlurmState(rawValue: "COMPLETING")?.isEnd == false)
    #expect(SlurmState(rawValue: "NODE_FAIL")?.isEnd == true)
    #expect(SlurmState(rawValue: "LATER_VERSION") == nil)
  }
}

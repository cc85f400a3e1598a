import CLinux
import Glibc
public import SystemPackage

/// One writer per mirror at a time.
///
/// `flock(2)` on `.mirrorctl.lock` in the mirror's root, held until the value is dropped and released by the
/// kernel however the run ends. The file belongs to the mirror's owner and nobody else can open it, since
/// anyone who opens it could hold the lock forever. It is never removed, since two runs could then lock two
/// different files. While the lock is held, the file names the holder.
public struct MirrorLock: ~Copyable {
  static let fileName: FileName = ".mirrorctl.lock"

  private let file: Descriptor

  /// Takes the lock, waiting up to `wait` seconds for another run to end, which `progress` then shows.
  ///
  /// - Throws: ``MirrorError`` with code `busy` that names the holder, or `interrupted`.
  public init(
    root: FilePath, verb: String, wait: Int = 0, cancellation: Cancellation,
    progress: RunProgress = RunProgress()
  ) throws(MirrorError) {
    let directory = try AnchoredDirectory(root: root)
    let path = directory.displayed(Self.fileName)
    let file = try Self.open(in: directory)
    try Self.lock(file, path, until: .now + .seconds(max(0, wait)), cancellation, progress)
    // The holder is only informative: on a full disk, which clean may be about to fix, it is left out.
    do throws(Errno) {
      try retrying { Int(ftruncate(file.raw, 0)) }
      try file.write(Array("\(getpid()) \(HostName.current) \(verb)\n".utf8))
    } catch {}
    self.file = file
  }

  private static func lock(
    _ file: borrowing Descriptor, _ path: String, until deadline: ContinuousClock.Instant,
    _ cancellation: Cancellation, _ progress: RunProgress
  ) throws(MirrorError) {
    do throws(Errno) {
      try retrying { Int(flock(file.raw, LOCK_EX | LOCK_NB)) }
      return
    } catch {
      guard error == .wouldBlock else { throw .system(error, "lock", path) }
    }
    if deadline > .now {
      // flock(2) cannot be polled; a process that waits in it can.
      let pid = clinux_wait_for_lock(file.raw)
      guard pid > 0 else { throw .system(lastErrno(), "wait for the lock", path) }
      var waiter = try ChildProcess(pid: pid, name: path)
      progress.begin("waiting for another run (\(holder(in: file)))", bytes: 0, files: 0)
      let end = waiter.end(until: deadline, cancellation: cancellation)
      progress.end()
      if end == .ready, (try? waiter.wait()) == 0 { return }
      try cancellation.check()
    }
    throw MirrorError(
      .busy, path, "locked by another run (\(holder(in: file)))",
      remedy: "wait for it to end, or \(run: .lockWait)")
  }

  // A free lock has no holder.
  deinit {
    ftruncate(file.raw, 0)
    file.unlock()
  }

  /// Opens the file, accessible only to the mirror's owner.
  private static func open(in directory: borrowing AnchoredDirectory) throws(MirrorError) -> Descriptor {
    let owner = try directory.status()
    let file = try existing(in: directory)
    let status = try attempt("examine", directory.displayed(fileName)) { () throws(Errno) in try file.status()
    }
    // Only root can change the owner, and so lets the owner lock the mirror later.
    if status.uid != owner.uid || status.gid != owner.gid { _ = fchown(file.raw, owner.uid, owner.gid) }
    if status.mode & 0o7777 != 0o600 { _ = fchmod(file.raw, 0o600) }
    return file
  }

  private static func existing(in directory: borrowing AnchoredDirectory) throws(MirrorError) -> Descriptor {
    do throws(MirrorError) { return try directory.fileForUpdate(fileName, mode: 0o600) } catch {
      guard error.code == .system(.permissionDenied), let status = try directory.status(of: fileName) else {
        throw error
      }
      let name = Account.name(of: status.uid)
      throw MirrorError(
        error.code, error.subject, "belongs to \(name), and only that user and root may change the mirror",
        remedy: "run as \(name)")
    }
  }

  private static func holder(in file: borrowing Descriptor) -> String {
    holder((try? file.bytes(upTo: 512)) ?? []) ?? "just started"
  }

  /// The holder that a lock file names; nil if it names none that is still there.
  private static func holder(_ bytes: [UInt8]) -> String? {
    let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    // A killed run could not clear its name.
    guard words.count == 3, let pid = Int32(words[0]), pid > 0,
      words[1] != HostName.current || kill(pid, 0) == 0 || errno == EPERM
    else { return nil }
    return escaped(Array("mirrorctl \(words[2]), pid \(words[0]) on \(words[1])".utf8))
  }
}

extension MirrorLock {
  /// A run that holds the lock.
  package struct Holder: Hashable, Sendable {
    /// `mirrorctl upkeep, pid 42 on host`
    package let name: String
    /// When it took the lock: seconds since the epoch.
    package let since: Int64

    package init(name: String, since: Int64) { (self.name, self.since) = (name, since) }
  }

  /// The run that holds the lock of a mirror; nil if none does. The lock is not tried: that could disturb a run.
  ///
  /// - Throws: if this user may not write to the mirror.
  package static func holder(of root: FilePath) throws(MirrorError) -> Holder? {
    let directory = try AnchoredDirectory(root: root)
    guard let status = try directory.status(of: fileName) else {
      try attempt("write", "\(root)") { () throws(Errno) in try root.check(.write) }
      return nil
    }
    let file = try existing(in: directory)
    let bytes = try attempt("read", directory.displayed(fileName)) { () throws(Errno) in
      try file.bytes(upTo: 512)
    }
    return holder(bytes).map { Holder(name: $0, since: status.identity.mtime / 1_000_000_000) }
  }
}

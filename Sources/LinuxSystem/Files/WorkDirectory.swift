import CLinux
import Glibc
package import SystemPackage

/// A directory that one run works in: empty at first, removed afterwards, and used by nobody else meanwhile.
///
/// A lock file beside it is held for the life of this value and released by the kernel when the process dies.
/// It identifies the directory that was created, so that later runs can distinguish leftovers of killed runs
/// from anything else: a directory is only ever removed if it is identified this way or is empty.
package struct WorkDirectory: ~Copyable {
  /// Its path.
  package let path: FilePath
  private let parent: AnchoredDirectory
  private let name: FileName
  private let lock: WorkLock
  private let mark: WorkMark
  private var isOver = false
  private var isKept = false
  /// Of the run, for the one that goes on in it.
  private var record: [UInt8] = []
  /// Whether it is one that an earlier run kept, with all that is in it.
  package let isResumed: Bool

  /// Creates it with mode 0700, with missing parents; leftovers of a killed run in it are removed.
  ///
  /// - Parameter accepts: decides about a directory that an earlier run kept, from the record of that run: whether it is
  ///   used as it is. Otherwise it is removed, too.
  /// - Throws: code `busy` when another run works in it, `refused` when others could tamper with it, or when
  ///   the directory exists, is not empty, and was not created by a run.
  package init(
    _ path: FilePath, cancellation: Cancellation,
    resuming accepts: (([UInt8]) throws(MirrorError) -> Bool)? = nil
  ) throws(MirrorError) {
    let path = path.normalized
    guard path.isAbsolute, let last = path.lastComponent else {
      throw MirrorError(
        .invalid, "path/work", "`\(path)` is not an absolute path", remedy: "use a path that begins with /")
    }
    let (place, name) = (path.removingLastComponent(), FileName(last.string))
    let parent = try SafePath.make(place)
    let lock = try WorkLock(beside: name, in: parent)
    let isKept: Bool
    do throws(MirrorError) {
      isKept = try Self.isToResume(name, in: parent, lock, accepts)
      if !isKept { try Self.clear(name, in: parent, lock, cancellation) }
    } catch {
      lock.giveUp()
      throw error
    }
    if !isKept { try Self.make(name, in: parent) }
    mark = try lock.mark(name, in: parent)
    isResumed = isKept
    self.path = path
    self.parent = parent
    self.name = name
    self.lock = lock
  }

  private static func isToResume(
    _ name: FileName, in parent: borrowing AnchoredDirectory, _ lock: borrowing WorkLock,
    _ accepts: (([UInt8]) throws(MirrorError) -> Bool)?
  ) throws(MirrorError) -> Bool {
    guard let accepts, let left = lock.left, left.isKept, left.isOf(name, in: parent) else { return false }
    return try accepts(try lock.record())
  }

  private static func make(
    _ name: FileName, in parent: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    guard name.withCString({ mkdirat(parent.descriptor.raw, $0, 0o700) }) != 0 else { return }
    let error = lastErrno()
    guard error == .fileExists else { throw .system(error, "create", parent.displayed(name)) }
    throw MirrorError(
      .refused, parent.displayed(name), "was created by another program just now",
      remedy: "set path/work to a directory that only this user can change")
  }

  /// The directory itself, which nobody else can replace.
  ///
  /// - Parameter ownershipRules: owner, group and mode of what is created in it.
  package func opened(
    _ ownershipRules: OwnershipRules = OwnershipRules()
  ) throws(MirrorError) -> AnchoredDirectory {
    let directory = try parent.directory(name)
    let own = try attempt("open", "\(path)") { () throws(Errno) in try directory.descriptor.duplicate() }
    return AnchoredDirectory(own, root: path, ownershipRules: ownershipRules)
  }

  deinit {
    if isKept { lock.keep(mark, record) } else if !isOver { try? Self.end(name, mark, in: parent, lock) }
  }

  /// Keeps it after this value is gone; the next run with this name removes it or goes on in it.
  package mutating func keep() { isKept = true }

  /// Keeps it with a record, both durable, so that another run can go on in it.
  ///
  /// - Throws: when its files cannot be written to the disk; it is kept without the record then.
  package mutating func keep(_ record: [UInt8]) throws(MirrorError) {
    keep()
    let directory = try parent.directory(name)
    try attempt("write to the disk", "\(path)") { () throws(Errno) in
      try directory.descriptor.syncFileSystem()
    }
    self.record = record
  }

  /// Removes it, unless it is kept.
  ///
  /// - Throws: when something in it cannot be removed; the next run with this name tries again.
  package mutating func remove() throws(MirrorError) {
    guard !isOver && !isKept else { return }
    isOver = true
    try Self.end(name, mark, in: parent, lock)
  }

  private static func end(
    _ name: FileName, _ mark: WorkMark, in parent: borrowing AnchoredDirectory, _ lock: borrowing WorkLock
  ) throws(MirrorError) {
    // An interrupted run also cleans up. A step on the host may have replaced the directory.
    guard mark.isOf(name, in: parent) else { return lock.remove() }
    try remove(name, in: parent, Cancellation())
    lock.remove()
  }

  /// Removes what has this name, if a run created it or if it is an empty directory.
  ///
  /// - Throws: code `refused` for anything else.
  private static func clear(
    _ name: FileName, in parent: borrowing AnchoredDirectory, _ lock: borrowing WorkLock,
    _ cancellation: Cancellation
  ) throws(MirrorError) {
    guard let status = try parent.status(of: name) else { return }
    if let left = lock.left, left.isOf(name, in: parent) {
      lock.take(over: left)
      return try remove(name, in: parent, cancellation)
    }
    try checkEmptiable(status, name, in: parent)
    do throws(MirrorError) { try parent.removeDirectory(name) } catch {
      if error.code == .system(.directoryNotEmpty) { throw strange(name, in: parent) }
      guard error.code == .system(.resourceBusy) else { throw error }
      throw MirrorError(
        .refused, error.subject, "another file system is mounted here", remedy: "unmount it first")
    }
  }

  /// Throws for anything but a directory of this user.
  private static func checkEmptiable(
    _ status: FileStatus, _ name: FileName, in parent: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    guard status.kind == .directory, status.uid == geteuid() else {
      throw MirrorError(
        .refused, parent.displayed(name),
        status.kind == .directory ? "belongs to \(Account.name(of: status.uid))" : "is not a directory",
        remedy: "move it away, or set path/work to another directory")
    }
  }

  private static func strange(_ name: FileName, in parent: borrowing AnchoredDirectory) -> MirrorError {
    MirrorError(
      .refused, parent.displayed(name), "is not empty, and was not created by this version of mirrorctl",
      remedy: "if a build of mirrorctl 0.1 left it, remove it; otherwise set path/work to another directory")
  }

  private static func remove(
    _ name: FileName, in parent: borrowing AnchoredDirectory, _ cancellation: Cancellation
  ) throws(MirrorError) {
    // Processes of a run that was just killed may still be writing.
    for attempt in 1...20 {
      do throws(MirrorError) {
        return try TreeRemover(cancellation: cancellation).remove(name, in: parent)
      } catch {
        if error.code == .system(.noSuchFileOrDirectory) && attempt == 1 { return }
        guard error.code == .system(.directoryNotEmpty), attempt < 20 else { throw error }
        usleep(50_000)
      }
    }
  }

  /// Throws if an existing directory cannot be used as a work directory; changes nothing.
  ///
  /// - Throws: code `refused`, or `system` if it cannot be examined.
  package static func check(_ path: FilePath) throws(MirrorError) {
    let path = path.normalized
    let place = path.removingLastComponent()
    guard let last = path.lastComponent, access(place.string, F_OK) == 0 else { return }
    let parent = try SafePath.open(place)
    let name = FileName(last.string)
    let left = try WorkMark.beside(name, in: parent)
    guard let status = try parent.status(of: name) else { return }
    if let left, left.isOf(name, in: parent) { return }
    try checkEmptiable(status, name, in: parent)
    guard try parent.directory(name).entries().isEmpty else { throw strange(name, in: parent) }
  }

  /// A directory that an earlier run kept.
  package struct Kept: Hashable, Sendable {
    package let path: FilePath
    /// In seconds since the epoch.
    package let since: Int64
  }

  /// Levels of directories in which those that are kept are searched.
  private static let depth = 8

  /// Directories at and below this one that earlier runs kept; other work directories are not searched.
  package static func kept(below place: FilePath) throws(MirrorError) -> [Kept] {
    var kept: [Kept] = []
    var waiting = [(path: place, depth: 0)]
    while let (path, level) = waiting.popLast() {
      let parent = try SafePath.open(path)
      let entries = try parent.entries()
      let names = Set(entries.map(\.name))
      for entry in entries where entry.kind == .directory {
        guard let text = entry.name.text else { continue }
        let lock = entry.name.appending(".lock")
        if names.contains(lock), let mark = try? WorkMark.beside(entry.name, in: parent) {
          guard mark.isKept, mark.isOf(entry.name, in: parent), let status = try parent.status(of: lock)
          else { continue }
          kept.append(Kept(path: path.appending(text), since: status.identity.mtime / 1_000_000_000))
        } else if level < depth {
          waiting.append((path.appending(text), level + 1))
        }
      }
    }
    return kept.sorted { $0.path.string < $1.path.string }
  }

  /// Removes a directory that an earlier run kept.
  ///
  /// - Returns: false if a run uses it now, or removed it.
  package static func remove(_ kept: Kept, cancellation: Cancellation) throws(MirrorError) -> Bool {
    guard let last = kept.path.lastComponent else { return false }
    let parent = try SafePath.open(kept.path.removingLastComponent())
    let name = FileName(last.string)
    guard let lock = WorkLock(leftBeside: name, in: parent, isKept: true) else { return false }
    try clear(name, in: parent, lock, cancellation)
    lock.remove()
    return true
  }

  /// The result of a sweep.
  package struct Swept: Hashable, Sendable {
    /// Work directories that were removed.
    package var removed: [FilePath] = []
    /// Why others were not.
    package var problems: [MirrorError] = []
  }

  /// Removes the leftovers of killed runs in a directory: work directories whose lock nobody holds.
  ///
  /// - Throws: when the directory cannot be read or is not safe, or with code `interrupted`.
  package static func sweep(_ place: FilePath, cancellation: Cancellation) throws(MirrorError) -> Swept {
    guard access(place.string, F_OK) == 0 else { return Swept() }
    let parent = try SafePath.make(place)
    var swept = Swept()
    for entry in try parent.entries() where entry.kind == .regular && entry.name.hasSuffix(".lock") {
      let name = entry.name.dropping(last: 5)
      guard let lock = WorkLock(leftBeside: name, in: parent) else { continue }
      do throws(MirrorError) {
        try clear(name, in: parent, lock, cancellation)
        lock.remove()
        swept.removed.append(place.appending(name.text ?? "\(name)"))
      } catch {
        try cancellation.check()
        swept.problems.append(error)
      }
    }
    return swept
  }
}

extension WorkDirectory {
  /// Removes the leftovers of killed builds in a directory; one that cannot be removed does not prevent a
  /// build.
  ///
  /// - Returns: why some were not removed.
  package static func sweeping(_ place: FilePath, _ cancellation: Cancellation) -> [String] {
    do throws(MirrorError) {
      return try sweep(place, cancellation: cancellation).problems.map { "\($0)" }
    } catch { return ["\(error)"] }
  }
}

package import LinuxSystem
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

  /// Creates it with mode 0700, with missing parents; leftovers of a killed run in it are removed.
  ///
  /// - Throws: code `busy` when another run works in it, `refused` when others could tamper with it, or when
  ///   the directory exists, is not empty, and was not created by a run.
  package init(_ path: FilePath, cancellation: Cancellation) throws(MirrorError) {
    let path = path.lexicallyNormalized()
    guard path.isAbsolute, let last = path.lastComponent else {
      throw MirrorError(
        .invalid, "path/work", "`\(path)` is not an absolute path", remedy: "use a path that begins with /")
    }
    let (place, name) = (path.removingLastComponent(), FileName(last.string))
    let parent = try SafePath.make(place)
    let lock = try WorkLock(beside: name, in: parent)
    do throws(MirrorError) {
      try Self.clear(name, in: parent, lock, cancellation)
    } catch {
      lock.giveUp()
      throw error
    }
    try Self.make(name, in: parent)
    mark = try lock.mark(name, in: parent)
    self.path = path
    self.parent = parent
    self.name = name
    self.lock = lock
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
  func opened(
    _ ownershipRules: OwnershipRules = OwnershipRules()
  ) throws(MirrorError) -> AnchoredDirectory {
    let directory = try parent.directory(name)
    let own = try attempt("open", "\(path)") { () throws(Errno) in try directory.descriptor.duplicate() }
    return AnchoredDirectory(own, root: path, ownershipRules: ownershipRules)
  }

  deinit {
    if isKept { lock.keep(mark) } else if !isOver { try? Self.end(name, mark, in: parent, lock) }
  }

  /// Keeps it after this value is gone, for inspection; the next run with this name removes it.
  package mutating func keep() { isKept = true }

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
    let path = path.lexicallyNormalized()
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
  static func sweeping(_ place: FilePath, _ cancellation: Cancellation) -> [String] {
    do throws(MirrorError) {
      return try sweep(place, cancellation: cancellation).problems.map { "\($0)" }
    } catch { return ["\(error)"] }
  }
}

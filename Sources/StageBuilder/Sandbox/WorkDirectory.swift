package import LinuxSystem
import CLinux
import Glibc
package import SystemPackage

/// A directory that one run works in: empty at first, gone afterwards, and nobody else's meanwhile.
///
/// A lock file beside it is held for the life of this value and released by the kernel at death. It names the very
/// directory that was made, so that later runs can tell the leftovers of killed ones from anything else: only a
/// directory that is named so, or is empty, is ever removed.
package struct WorkDirectory: ~Copyable {
  /// Where it lies.
  package let path: FilePath
  private let parent: AnchoredDirectory
  private let name: FileName
  private let lock: WorkLock
  private let mark: WorkMark
  private var isOver = false
  private var isKept = false

  /// Makes it with mode 0700, and its parents where they are missing; what a killed run left in it goes.
  ///
  /// - Throws: code `busy` when another run works in it, `refused` where others could tamper with it, or where a
  ///   directory with something in it is there that no run made.
  package init(_ path: FilePath, cancellation: Cancellation) throws(MirrorError) {
    let path = path.lexicallyNormalized()
    guard path.isAbsolute, let last = path.lastComponent else {
      throw MirrorError(.invalid, "path/work", "`\(path)` is no absolute path", remedy: "begin it with /")
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
    try checked(name.withCString { mkdirat(parent.descriptor.raw, $0, 0o700) }, "make", "\(path)")
    mark = try lock.mark(name, in: parent)
    self.path = path
    self.parent = parent
    self.name = name
    self.lock = lock
  }

  deinit {
    if isKept { lock.keep(mark) } else if !isOver { try? Self.end(name, mark, in: parent, lock) }
  }

  /// Lets it stay after this value, for somebody to look at; the next run by that name removes it.
  package mutating func keep() { isKept = true }

  /// Removes it, unless it is kept.
  ///
  /// - Throws: when something in it cannot be removed; the next run by that name tries again.
  package mutating func remove() throws(MirrorError) {
    guard !isOver && !isKept else { return }
    isOver = true
    try Self.end(name, mark, in: parent, lock)
  }

  private static func end(
    _ name: FileName, _ mark: WorkMark, in parent: borrowing AnchoredDirectory, _ lock: borrowing WorkLock
  ) throws(MirrorError) {
    // An interrupted run clears up too. A step on the host may have put something else in its place.
    guard mark.isOf(name, in: parent) else { return lock.remove() }
    try remove(name, in: parent, Cancellation())
    lock.remove()
  }

  /// Removes what has the name, if a run of ours made it or if it is an empty directory.
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
    guard status.kind == .directory else {
      throw MirrorError(
        .refused, parent.displayed(name), "is not a directory",
        remedy: "move it away, or set path/work elsewhere")
    }
    do throws(MirrorError) { try parent.removeDirectory(name) } catch {
      if error.code == .system(.directoryNotEmpty) { throw strange(name, in: parent) }
      guard error.code == .system(.resourceBusy) else { throw error }
      throw MirrorError(
        .refused, error.subject, "another file system is mounted here", remedy: "unmount it first")
    }
  }

  private static func strange(_ name: FileName, in parent: borrowing AnchoredDirectory) -> MirrorError {
    MirrorError(
      .refused, parent.displayed(name), "is not empty, and no run of this version made it",
      remedy: "if a build of mirrorctl 0.1 left it, remove it; otherwise set path/work elsewhere")
  }

  private static func remove(
    _ name: FileName, in parent: borrowing AnchoredDirectory, _ cancellation: Cancellation
  ) throws(MirrorError) {
    // Processes of a run that was killed a moment ago may still be dying, and writing.
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

  /// Throws if a directory that is there could not become a work directory; changes nothing.
  ///
  /// - Throws: code `refused`, or `system` where it cannot be looked at.
  package static func check(_ path: FilePath) throws(MirrorError) {
    let path = path.lexicallyNormalized()
    let place = path.removingLastComponent()
    guard let last = path.lastComponent, access(place.string, F_OK) == 0 else { return }
    let parent = try AnchoredDirectory(root: place)
    let name = FileName(last.string)
    let left = try WorkMark.beside(name, in: parent)
    guard let status = try parent.status(of: name) else { return }
    if let left, left.isOf(name, in: parent) { return }
    guard status.kind == .directory else {
      throw MirrorError(
        .refused, parent.displayed(name), "is not a directory",
        remedy: "move it away, or set path/work elsewhere")
    }
    guard try parent.directory(name).entries().isEmpty else { throw strange(name, in: parent) }
  }

  /// What a sweep did.
  package struct Swept: Hashable, Sendable {
    /// Work directories that are gone.
    package var removed: [FilePath] = []
    /// Why others are not.
    package var problems: [MirrorError] = []
  }

  /// Removes what killed runs left in a directory: those with a lock that nobody holds.
  ///
  /// - Throws: when the directory cannot be read or is not safe, or code `interrupted`.
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
  /// Removes what killed builds left in a directory; what cannot be removed is no reason not to build.
  ///
  /// - Returns: why it cannot be.
  static func sweeping(_ place: FilePath, _ cancellation: Cancellation) -> [String] {
    do throws(MirrorError) {
      return try sweep(place, cancellation: cancellation).problems.map { "\($0)" }
    } catch { return ["\(error)"] }
  }
}

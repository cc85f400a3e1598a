import CLinux
import Glibc
import SystemPackage

/// `NAME.lock` beside a work directory, locked by `flock(2)`.
struct WorkLock: ~Copyable {
  /// The mark that an earlier run left in the file; nil if none.
  let left: WorkMark?
  private let file: Descriptor
  private let directory: Descriptor
  private let name: FileName

  /// Takes the lock. Its text is kept until ``mark(_:in:)`` or ``take(over:)``.
  ///
  /// - Throws: code `busy` when another run holds it, `refused` if the file is not one of our locks.
  init(beside work: FileName, in parent: borrowing AnchoredDirectory) throws(MirrorError) {
    let name = work.appending(".lock")
    let path = parent.displayed(name)
    while true {
      guard let file = try Self.open(name, in: parent) else { continue }
      guard Self.lock(file) else {
        throw MirrorError(
          .busy, path, "in use by another run (\(Self.holder(file)))", remedy: "wait for it to end")
      }
      // A run that ends removes the file: then the lock that we hold is on a deleted file.
      guard Self.isNamed(file, name, parent) else { continue }
      let text = try attempt("read", path) { () throws(Errno) in try file.bytes(upTo: 512) }
      let left = WorkMark(text)
      // A lock file of another program must not be overwritten.
      guard text.isEmpty || left != nil else { throw WorkMark.strange(path) }
      directory = try attempt("open", path) { () throws(Errno) in try parent.descriptor.duplicate() }
      self.left = left
      self.file = file
      self.name = name
      return
    }
  }

  deinit { file.unlock() }

  /// Opens the file, or creates it; nil if another run created or removed it meanwhile.
  ///
  /// - Throws: code `refused` if it is not ours. It is examined before it is opened, since the kernel may not
  ///   let even root open another user's file in a sticky directory.
  private static func open(
    _ name: FileName, in parent: borrowing AnchoredDirectory
  ) throws(MirrorError) -> Descriptor? {
    let found = try parent.status(of: name)
    if let found { try WorkMark.checkOwn(found, parent.displayed(name)) }
    let flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (found == nil ? O_CREAT | O_EXCL : 0)
    let raw = name.withCString { openat(parent.descriptor.raw, $0, flags, 0o600) }
    if raw < 0, [EEXIST, ENOENT].contains(errno) { return nil }
    guard raw >= 0 else { throw .system(lastErrno(), "open", parent.displayed(name)) }
    let file = Descriptor(owning: raw)
    let status = try attempt("examine", parent.displayed(name)) { () throws(Errno) in try file.status() }
    try WorkMark.checkOwn(status, parent.displayed(name))
    return file
  }

  /// Takes the lock of a dead run; nil if it is not ours or is held.
  ///
  /// - Parameter isKept: whether to take that of a directory that is kept, or that of another one.
  init?(leftBeside work: FileName, in parent: borrowing AnchoredDirectory, isKept: Bool = false) {
    let name = work.appending(".lock")
    let raw = name.withCString {
      openat(parent.descriptor.raw, $0, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    }
    guard raw >= 0 else { return nil }
    let file = Descriptor(owning: raw)
    guard (try? file.status()).map(WorkMark.isOwn) == true, Self.lock(file), let left = Self.mark(file),
      left.isKept == isKept,
      Self.isNamed(file, name, parent), let directory = try? parent.descriptor.duplicate()
    else { return nil }
    self.left = left
    self.file = file
    self.directory = directory
    self.name = name
  }

  /// Marks a newly created directory as this run's, durably: later runs may remove it.
  func mark(_ work: FileName, in parent: borrowing AnchoredDirectory) throws(MirrorError) -> WorkMark {
    let mark = WorkMark(pid: getpid(), directory: WorkMark.Directory(work, in: parent))
    try attempt("write", parent.displayed(name)) { () throws(Errno) in
      try write(mark)
      try file.sync()
    }
    return mark
  }

  /// Records this run as the one that removes another's leftovers; the directory remains marked until it is
  /// gone.
  func take(over left: WorkMark) { try? write(WorkMark(pid: getpid(), directory: left.directory)) }

  /// Leaves the mark of a directory that is kept, durably, with a record of the run that kept it.
  func keep(_ mark: WorkMark, _ record: [UInt8]) {
    do throws(Errno) {
      // Before the mark, which vouches for it.
      try write(mark, record)
      try file.sync()
      try write(WorkMark(pid: mark.pid, directory: mark.directory, isKept: true), record)
      try file.sync()
    } catch {
      // Without the mark, the next build removes the directory.
    }
  }

  /// What the run that kept the directory recorded; empty for nothing.
  func record() throws(MirrorError) -> [UInt8] {
    guard let left else { return [] }
    let name = name
    return try attempt("read", "\(name)") { () throws(Errno) in
      try file.bytes(from: Int64(left.text.count), count: WorkMark.limit)
    }
  }

  /// Removes the file; the lock itself lasts as long as this value.
  func remove() { _ = name.withCString { unlinkat(directory.raw, $0, 0) } }

  /// Removes the file if this run created it and it contains no mark.
  func giveUp() { if left == nil { remove() } }

  private func write(_ mark: WorkMark, _ record: [UInt8] = []) throws(Errno) {
    let text = mark.text + record
    let fault: Errno? = text.withUnsafeBytes { bytes in
      do throws(Errno) {
        try file.write(bytes, at: 0)
        return nil
      } catch { return error }
    }
    if let fault { throw fault }
    try file.truncate(to: Int64(text.count))
  }

  private static func lock(_ file: borrowing Descriptor) -> Bool { flock(file.raw, LOCK_EX | LOCK_NB) == 0 }

  private static func isNamed(
    _ file: borrowing Descriptor, _ name: FileName, _ parent: borrowing AnchoredDirectory
  ) -> Bool {
    var (own, named) = (clinux_status(), clinux_status())
    return clinux_status(file.raw, "", &own) == 0
      && name.withCString { clinux_status(parent.descriptor.raw, $0, &named) } == 0
      && (own.inode, own.device) == (named.inode, named.device)
  }

  private static func mark(_ file: borrowing Descriptor) -> WorkMark? {
    (try? file.bytes(upTo: 512)).flatMap { WorkMark($0) }
  }

  private static func holder(_ file: borrowing Descriptor) -> String {
    guard let pid = mark(file)?.pid, pid > 0, kill(pid, 0) == 0 || errno == EPERM else {
      return "just started"
    }
    return "pid \(pid)"
  }
}

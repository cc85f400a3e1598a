import CLinux
import Glibc
package import SystemPackage

/// An open directory of the mirror, and operations on the names in it.
///
/// Everything is resolved from an open descriptor by `openat2(2)` with `RESOLVE_BENEATH`,
/// `RESOLVE_NO_SYMLINKS` and `RESOLVE_NO_MAGICLINKS`: users who can write to the mirror cannot lead a run by
/// root out of it, whatever they rename or link meanwhile.
package struct AnchoredDirectory: ~Copyable {
  /// A name and its kind, as returned by `getdents64(2)`.
  package struct Entry: Sendable {
    package let name: FileName
    package let kind: FileKind
  }

  /// Valid during the life of this value.
  package let descriptor: Descriptor
  /// The mirror's root, for messages.
  package let root: FilePath
  /// This directory relative to the root.
  package let path: MirrorPath
  /// Owner, group and mode of what is created in it.
  package let ownershipRules: OwnershipRules

  private init(owning raw: Int32, root: FilePath, path: MirrorPath, ownershipRules: OwnershipRules) {
    descriptor = Descriptor(owning: raw)
    self.root = root
    self.path = path
    self.ownershipRules = ownershipRules
  }

  /// Takes an open directory; `root` is its path, for messages.
  package init(
    _ descriptor: consuming Descriptor, root: FilePath, ownershipRules: OwnershipRules = OwnershipRules()
  ) {
    self.descriptor = descriptor
    self.root = root
    path = .root
    self.ownershipRules = ownershipRules
  }

  /// Opens the mirror's root, following links: the user named it.
  package init(root: FilePath, ownershipRules: OwnershipRules = OwnershipRules()) throws(MirrorError) {
    let raw = root.withPlatformString { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard raw >= 0 else { throw .system(lastErrno(), "open", "\(root)") }
    self.init(owning: raw, root: root, path: .root, ownershipRules: ownershipRules)
  }

  /// Opens a directory below this one; `mounts` allows entering another file system.
  package func directory(_ relative: MirrorPath, enteringMounts mounts: Bool = true) throws(MirrorError)
    -> AnchoredDirectory
  {
    let raw = openBeneath(
      relative, flags: O_RDONLY | O_DIRECTORY, resolve: CLINUX_NO_LINKS | (mounts ? 0 : CLINUX_NO_MOUNTS))
    let path = self.path.joined(relative)
    guard raw >= 0 else { throw .system(lastErrno(), "open", displayed(path)) }
    return AnchoredDirectory(owning: raw, root: root, path: path, ownershipRules: ownershipRules)
  }

  /// Opens a directory of this one by name.
  package func directory(_ name: FileName, enteringMounts mounts: Bool = true) throws(MirrorError)
    -> AnchoredDirectory
  {
    try directory(MirrorPath(bytes: name.bytes), enteringMounts: mounts)
  }

  /// A second owner of the same directory.
  package func duplicate() throws(MirrorError) -> AnchoredDirectory {
    let raw = fcntl(descriptor.raw, F_DUPFD_CLOEXEC, 0)
    guard raw >= 0 else { throw .system(lastErrno(), "open", displayed(path)) }
    return AnchoredDirectory(owning: raw, root: root, path: path, ownershipRules: ownershipRules)
  }

  /// Opens a file below this directory for reading, without changing its access time if that is allowed.
  package func file(_ relative: MirrorPath, flags: Int32 = O_RDONLY) throws(MirrorError) -> Descriptor {
    let wanted = flags | O_NOCTTY | O_NONBLOCK
    var raw = openBeneath(relative, flags: wanted | CLINUX_O_NOATIME, resolve: CLINUX_NO_LINKS)
    if raw < 0 && errno == EPERM { raw = openBeneath(relative, flags: wanted, resolve: CLINUX_NO_LINKS) }
    guard raw >= 0 else { throw .system(lastErrno(), "open", displayed(path.joined(relative))) }
    return Descriptor(owning: raw)
  }

  private func existingFile(_ relative: MirrorPath) throws(MirrorError) -> Descriptor? {
    do throws(MirrorError) { return try file(relative) } catch {
      if error.code == .system(.noSuchFileOrDirectory) { return nil }
      throw error
    }
  }

  /// Creates a file that must not exist, readable only by its owner until its owner is set.
  ///
  /// - Parameter isReadable: whether to open it for reading too.
  package func createFile(_ name: FileName, isReadable: Bool = false) throws(MirrorError) -> Descriptor {
    let raw = openBeneath(
      MirrorPath(bytes: name.bytes), flags: (isReadable ? O_RDWR : O_WRONLY) | O_CREAT | O_EXCL,
      mode: 0o600, resolve: CLINUX_NO_LINKS
    )
    guard raw >= 0 else { throw .system(lastErrno(), "create a file", displayed(path)) }
    return Descriptor(owning: raw)
  }

  /// Opens a file for reading and writing, creating it with `mode` if missing.
  ///
  /// - Throws: code `refused` if it may be a file of another user, see ``checkOwn(_:_:)``.
  package func fileForUpdate(_ name: FileName, mode: UInt64) throws(MirrorError) -> Descriptor {
    let raw = openBeneath(
      MirrorPath(bytes: name.bytes), flags: O_RDWR | O_CREAT | O_NOCTTY | O_NONBLOCK, mode: mode,
      resolve: CLINUX_NO_LINKS)
    guard raw >= 0 else { throw .system(lastErrno(), "open", displayed(name)) }
    let file = Descriptor(owning: raw)
    try checkOwn(file, name)
    return file
  }

  /// Holds the node with this name, even a link, without opening it.
  func node(_ name: FileName) throws(Errno) -> Descriptor {
    let raw = openBeneath(
      MirrorPath(bytes: name.bytes), flags: CLINUX_O_PATH | O_NOFOLLOW, resolve: CLINUX_NO_LINKS)
    guard raw >= 0 else { throw lastErrno() }
    return Descriptor(owning: raw)
  }

  /// The names in this directory except `.` and `..`, in the disk's order.
  package func entries() throws(MirrorError) -> [Entry] {
    let records = try attempt("read", displayed(path)) { () throws(Errno) in
      try DirectoryListing.records(of: descriptor)
    }
    return records.map { Entry(name: $0.name, kind: kind(of: $0)) }
  }

  private func kind(of record: DirectoryListing.Record) -> FileKind {
    switch record.type {
    case Int(DT_DIR): .directory
    case Int(DT_REG): .regular
    case Int(DT_LNK): .link
    case Int(DT_UNKNOWN): (try? status(of: record.name))??.kind ?? .other
    default: .other
    }
  }

  /// `statx(2)` of a name, without following links; nil if it does not exist.
  package func status(of name: FileName) throws(MirrorError) -> FileStatus? {
    var raw = clinux_status()
    let result = name.withCString { clinux_status(descriptor.raw, $0, &raw) }
    guard result != 0 else { return FileStatus(raw) }
    let error = lastErrno()
    guard error == .noSuchFileOrDirectory else { throw .system(error, "examine", displayed(name)) }
    return nil
  }

  /// When a file was created, in nanoseconds since the epoch; nil if the file system does not record it.
  package func birth(of name: FileName) -> Int64? {
    var place = clinux_place()
    let result = name.withCString { clinux_place(descriptor.raw, $0, &place) }
    return result == 0 && place.birth != 0 ? place.birth : nil
  }

  /// `statx(2)` of a path, without following links; nil if it or one of its parents does not exist.
  package func status(at path: MirrorPath) throws(MirrorError) -> FileStatus? {
    do throws(MirrorError) { return try directory(path.parent).status(of: path.name) } catch {
      if error.code == .system(.noSuchFileOrDirectory) { return nil }
      throw error
    }
  }

  /// Whether a path is known to have disappeared.
  package func isGone(_ path: MirrorPath) -> Bool {
    do throws(MirrorError) { return try status(at: path) == nil } catch { return false }
  }

  /// `statx(2)` of this directory.
  package func status() throws(MirrorError) -> FileStatus {
    try attempt("examine", displayed(path)) { () throws(Errno) in try descriptor.status() }
  }

  /// The content of a small regular file below this directory; nil if it does not exist.
  ///
  /// - Throws: when it cannot be read, or is larger than `limit` bytes.
  package func contents(of relative: MirrorPath, limit: Int) throws(MirrorError) -> [UInt8]? {
    let name = displayed(path.joined(relative))
    guard let file = try existingFile(relative) else { return nil }
    let status = try attempt("examine", name) { () throws(Errno) in try file.status() }
    guard status.kind == .regular else {
      throw MirrorError(.invalid, name, "is not a regular file", remedy: "remove it")
    }
    guard status.size <= limit else {
      throw MirrorError(.invalid, name, "is larger than \(limit) bytes", remedy: "inspect it by hand")
    }
    return try attempt("read", name) { () throws(Errno) in try file.bytes(upTo: Int(status.size)) }
  }

  /// The target of a symbolic link, as written.
  package func linkText(of name: FileName) throws(MirrorError) -> [UInt8] {
    var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = target.withUnsafeMutableBytes { buffer in
      buffer.withMemoryRebound(to: CChar.self) { buffer in
        name.withCString { link in
          buffer.baseAddress.map { readlinkat(descriptor.raw, link, $0, buffer.count) } ?? 0
        }
      }
    }
    guard count >= 0 else { throw .system(lastErrno(), "read the link", displayed(name)) }
    return Array(target.prefix(count))
  }

  /// Puts a symbolic link in place atomically, replacing what has the name now.
  package func replaceLink(_ name: FileName, to text: [UInt8], _ ownership: Ownership) throws(MirrorError) {
    let temporary = TemporaryName.make()
    try createLink(temporary, to: text)
    giveLink(temporary, to: ownership)
    do throws(MirrorError) { try rename(temporary, to: name) } catch {
      try? unlink(temporary)
      throw error
    }
  }

  /// Whether a link's name, or a path relative to this directory, leads nowhere.
  package func linkIsDead(_ name: FileName) -> Bool { kindBehind(name) == nil }

  /// The kind of file that a link's name leads to, wherever it is; nil if there is none.
  package func kindBehind(_ name: FileName) -> FileKind? {
    var found = stat()
    if name.withCString({ fstatat(descriptor.raw, $0, &found, 0) }) == 0 {
      return FileKind(mode: found.st_mode)
    }
    return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? nil : .other
  }

  /// `renameat2(2)` inside this directory; replaces an existing file.
  package func rename(_ old: FileName, to new: FileName) throws(MirrorError) {
    let result = old.withCString { old in
      new.withCString { new in renameat(descriptor.raw, old, descriptor.raw, new) }
    }
    guard result == 0 else { throw .system(lastErrno(), "rename \(old) to it", displayed(new)) }
    // A temporary name is a file that is being written, or a directory that is being removed.
    switch (TemporaryName.matches(old), TemporaryName.matches(new)) {
    case (true, false): Log.step("wrote \(displayed(new))")
    case (false, true): Log.step("removed \(displayed(old))")
    default: Log.step("renamed \(displayed(old)) to \(new)")
    }
  }

  /// Moves a name here from another directory of the same file system; replaces an existing file.
  package func take(
    _ name: FileName, from other: borrowing AnchoredDirectory, as new: FileName
  ) throws(MirrorError) {
    let result = name.withCString { name in
      new.withCString { new in renameat(other.descriptor.raw, name, descriptor.raw, new) }
    }
    guard result == 0 else { throw .system(lastErrno(), "move \(name) to it", displayed(new)) }
    Log.step("moved \(other.displayed(name)) to \(displayed(new))")
  }

  /// Gives a file a second name, which must not exist.
  package func hardLink(_ old: FileName, to new: FileName) throws(MirrorError) {
    let result = old.withCString { old in
      new.withCString { new in linkat(descriptor.raw, old, descriptor.raw, new, 0) }
    }
    guard result == 0 else { throw .system(lastErrno(), "create", displayed(new)) }
  }

  /// Creates a directory that must not exist, with the owner and the mode from the configuration, or else
  /// those of this one.
  ///
  /// - Parameter mode: permission bits that override the configuration.
  package func makeDirectory(_ name: FileName, mode: UInt32? = nil) throws(MirrorError) {
    let own = try status()
    guard name.withCString({ mkdirat(descriptor.raw, $0, 0o700) }) == 0 else {
      throw .system(lastErrno(), "create the directory", displayed(name))
    }
    let made = try directory(name)
    changeOwner(of: made.descriptor, own.uid, own.gid)
    let inherited = own.mode & 0o2777 | 0o700
    try attempt("set the mode", displayed(name)) { () throws(Errno) in
      _ = try retrying { Int(fchmod(made.descriptor.raw, mode ?? ownershipRules.mode ?? inherited)) }
    }
    try sync()
  }

  /// Removes a file or link; does nothing if it is already gone.
  package func unlink(_ name: FileName) throws(MirrorError) { try remove(name, flags: 0) }

  /// Removes an empty directory; does nothing if it is already gone.
  package func removeDirectory(_ name: FileName) throws(MirrorError) { try remove(name, flags: AT_REMOVEDIR) }

  private func remove(_ name: FileName, flags: Int32) throws(MirrorError) {
    guard name.withCString({ unlinkat(descriptor.raw, $0, flags) }) != 0 else {
      if !TemporaryName.matches(name), !path.components.contains(where: TemporaryName.matches) {
        Log.step("removed \(displayed(name))")
      }
      return
    }
    let error = lastErrno()
    guard error == .noSuchFileOrDirectory else { throw .system(error, "remove", displayed(name)) }
  }

  /// Creates a symbolic link that must not exist.
  package func createLink(_ name: FileName, to text: [UInt8]) throws(MirrorError) {
    let result = name.withCString { link in
      FileName(bytes: text).withCString { symlinkat($0, descriptor.raw, link) }
    }
    guard result == 0 else { throw .system(lastErrno(), "create the link", displayed(name)) }
    if !TemporaryName.matches(name) { Log.step("linked \(displayed(name)) to \(escaped(text))") }
  }

  /// Makes renames and removals in this directory survive a power cut.
  package func sync() throws(MirrorError) {
    try attempt("sync", displayed(path)) { () throws(Errno) in try descriptor.sync() }
  }

  /// The absolute path of a name in this directory, for messages.
  package func displayed(_ name: FileName) -> String { displayed(path.appending(name)) }

  /// The absolute path of a path in the mirror, for messages.
  package func displayed(_ path: MirrorPath) -> String {
    path.bytes.isEmpty ? "\(root)" : "\(root)/\(path)"
  }

  private func openBeneath(_ path: MirrorPath, flags: Int32, mode: UInt64 = 0, resolve: UInt64) -> Int32 {
    (path.bytes.isEmpty ? "." : path).withCString {
      clinux_openat2(descriptor.raw, $0, UInt64(UInt32(bitPattern: flags | O_CLOEXEC)), mode, resolve)
    }
  }
}

extension MirrorPath {
  /// The path of `relative` in this directory; this path itself if `relative` is empty.
  package func joined(_ relative: MirrorPath) -> MirrorPath {
    if bytes.isEmpty { return relative }
    return relative.bytes.isEmpty ? self : MirrorPath(bytes: bytes + [UInt8(ascii: "/")] + relative.bytes)
  }
}

import CLinux
import Glibc
package import SystemPackage

/// Who else may change the entries of a directory that only root and this user can replace.
package enum TrustedUse: Sendable {
  /// Nobody.
  case own
  /// Others may add entries, but not replace ours: it may be sticky, such as `/tmp`.
  case shared
  /// Anyone may: it is only passed to a program that treats its contents as hostile.
  case any
}

extension AnchoredDirectory {
  /// Opens a directory by a path on which only root and this user can replace anything.
  ///
  /// The path is walked from `/`, one open directory after the other, so that nothing can change between the
  /// check of a component and its use. A symbolic link must belong to root or this user, and its target is
  /// walked in the same way.
  ///
  /// - Parameters:
  ///   - mode: the permission bits of missing directories, which are created; nil to create none.
  ///   - remedy: what to do about a directory that others could change.
  /// - Throws: code `refused` if others could replace a component.
  package init(
    trusted path: FilePath, as use: TrustedUse = .shared, making mode: UInt32? = nil, remedy: Remedy
  ) throws(MirrorError) {
    var walk = try TrustedWalk(making: mode, remedy: remedy)
    try walk.walk(path)
    self.init(try walk.end(use), root: path)
  }
}

/// A walk from `/` along a path, and the checks of each step.
private struct TrustedWalk: ~Copyable {
  private static let mostLinks = 40

  private var directory: Descriptor
  private var status: FileStatus
  /// Where it is, without links.
  private var path: FilePath = "/"
  /// Whether this directory may belong to any user outside of this user namespace, not only to root.
  private var isDoubtful = false
  private var links = 0
  private var attempts = 0
  private let unknownUser = Account.unknownUser
  private let mode: UInt32?
  private let remedy: Remedy

  init(making mode: UInt32?, remedy: Remedy) throws(MirrorError) {
    let root = try Self.root()
    status = try Self.status(of: root, "/")
    directory = root
    self.mode = mode
    self.remedy = remedy
  }

  private static func root() throws(MirrorError) -> Descriptor {
    try attempt("open", "/") { () throws(Errno) in
      let flags = CLINUX_O_PATH | O_DIRECTORY | O_CLOEXEC
      return Descriptor(owning: Int32(truncatingIfNeeded: try retrying { Int(open("/", flags)) }))
    }
  }

  private static func status(
    of node: borrowing Descriptor, _ path: FilePath
  ) throws(MirrorError) -> FileStatus {
    try attempt("examine", escaped(path.bytes)) { () throws(Errno) in try node.status() }
  }

  /// Goes to an absolute path.
  mutating func walk(_ path: FilePath) throws(MirrorError) {
    var rest = Array(path.components.reversed())
    while let component = rest.popLast() {
      guard component.kind != .currentDirectory else { continue }
      let there = self.path.appending(component)
      try checkEntries()
      guard let node = try node(component, there) else {
        try make(component, there)
        rest.append(component)
        continue
      }
      let found = try Self.status(of: node, there)
      try check(found, there)
      switch found.kind {
      case .directory: enter(node, found, component)
      case .link: rest += try target(of: node, there).components.reversed()
      case .regular, .other: throw .system(.notDirectory, "open", escaped(there.bytes))
      }
    }
  }

  /// The node with a name in this directory; nil if there is none.
  private func node(
    _ component: FilePath.Component, _ path: FilePath
  ) throws(MirrorError) -> Descriptor? {
    let flags = CLINUX_O_PATH | O_NOFOLLOW | O_CLOEXEC
    let raw = component.withPlatformString { openat(directory.raw, $0, flags) }
    if raw >= 0 { return Descriptor(owning: raw) }
    let error = lastErrno()
    guard error == .noSuchFileOrDirectory, mode != nil else {
      throw .system(error, "open", escaped(path.bytes))
    }
    return nil
  }

  private mutating func make(
    _ component: FilePath.Component, _ path: FilePath
  ) throws(MirrorError) {
    if isDoubtful { throw stranger(self.path) }
    attempts += 1
    let result = component.withPlatformString { mkdirat(directory.raw, $0, mode ?? 0o700) }
    if result != 0, errno != EEXIST || attempts > 1000 {
      throw .system(lastErrno(), "create the directory", escaped(path.bytes))
    }
  }

  private mutating func enter(
    _ node: consuming Descriptor, _ found: FileStatus, _ component: FilePath.Component
  ) {
    isDoubtful = found.uid == unknownUser && (isDoubtful || othersAddEntries)
    if component.kind == .parentDirectory { path.removeLastComponent() } else { path.append(component) }
    directory = node
    status = found
  }

  /// The target of a link; an absolute one leads back to the root.
  private mutating func target(
    of link: borrowing Descriptor, _ path: FilePath
  ) throws(MirrorError) -> FilePath {
    links += 1
    guard links <= Self.mostLinks else {
      throw .system(.tooManySymbolicLinkLevels, "open", escaped(path.bytes))
    }
    let text = try attempt("read the link", escaped(path.bytes)) { () throws(Errno) in try link.linkText() }
    let target = FileName(bytes: text).withCString { FilePath(platformString: $0) }
    if target.isAbsolute {
      directory = try Self.root()
      status = try Self.status(of: directory, "/")
      self.path = "/"
      isDoubtful = false
    }
    return target
  }

  /// The directory at the end, opened for reading.
  consuming func end(_ use: TrustedUse) throws(MirrorError) -> Descriptor {
    if use != .any {
      try checkEntries(isOwn: use == .own)
      if isDoubtful { throw stranger(path) }
    }
    let raw = openat(directory.raw, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard raw >= 0 else { throw .system(lastErrno(), "open", escaped(path.bytes)) }
    return Descriptor(owning: raw)
  }
}

/// Checks.
extension TrustedWalk {
  private func isTrusted(_ user: UInt32) -> Bool {
    user == 0 || user == Account.user || user == unknownUser
  }

  /// Whether it is sticky, and others may add entries to it.
  private var othersAddEntries: Bool { status.mode & 0o1000 != 0 && status.mode & 0o022 != 0 }

  /// Throws if others could replace entries of this directory that are ours.
  private func checkEntries(isOwn: Bool = false) throws(MirrorError) {
    guard isTrusted(status.uid) else {
      throw refused(path, "belongs to \(Account.name(of: status.uid)), who could change its contents")
    }
    guard isOwn || status.mode & 0o1000 == 0 else { return }
    if status.mode & 0o002 != 0 {
      let isSticky = status.mode & 0o1000 != 0
      throw refused(path, isSticky ? "is writable by all users" : "is world-writable without the sticky bit")
    }
    let isForeignGroup = status.gid != 0 && status.gid != Account.group
    if status.mode & 0o020 != 0, isForeignGroup { throw refused(path, "is writable by group \(status.gid)") }
  }

  /// Throws if others made an entry: a link, or anything where they may add entries.
  private func check(_ entry: FileStatus, _ path: FilePath) throws(MirrorError) {
    guard entry.kind == .link || othersAddEntries, !isTrusted(entry.uid) else { return }
    let kind = entry.kind == .link ? "is a link of" : "belongs to"
    throw refused(path, "\(kind) \(Account.name(of: entry.uid)), who could change its contents")
  }

  private func refused(_ path: FilePath, _ problem: String) -> MirrorError {
    MirrorError(.refused, escaped(path.bytes), problem, remedy: remedy)
  }

  private func stranger(_ path: FilePath) -> MirrorError {
    refused(path, "may belong to another user, who could change its contents")
  }
}

import CLinux
import Glibc
package import SystemPackage

/// An open directory of a tree that may be hostile: every operation takes one name in it and follows no link.
///
/// Unlike ``AnchoredDirectory`` it does not know its path: callers name the member in errors.
package struct TreeDirectory: ~Copyable {
  package let descriptor: Descriptor

  init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

  /// A second owner of a directory.
  package init(_ directory: borrowing AnchoredDirectory) throws(MirrorError) {
    let name = directory.displayed(directory.path)
    descriptor = try attempt("open", name) { () throws(Errno) in try directory.descriptor.duplicate() }
  }

  /// Opens a directory below this one, by a path without `.` and `..`.
  package func directory(_ path: some RawName, enteringMounts: Bool = true) throws(Errno) -> TreeDirectory {
    TreeDirectory(
      try open(path, O_RDONLY | O_DIRECTORY, resolve: enteringMounts ? 0 : CLINUX_NO_MOUNTS))
  }

  /// Opens a file for reading, without changing its access time if that is allowed.
  package func file(_ name: FileName) throws(Errno) -> Descriptor {
    let flags = O_RDONLY | O_NOCTTY | O_NONBLOCK
    do throws(Errno) {
      return try open(name, flags | CLINUX_O_NOATIME, resolve: CLINUX_NO_MOUNTS)
    } catch {
      guard error == .notPermitted else { throw error }
      return try open(name, flags, resolve: CLINUX_NO_MOUNTS)
    }
  }

  /// Holds the node with this name, even a link, without opening it.
  package func node(_ name: FileName, enteringMounts: Bool = true) throws(Errno) -> Descriptor {
    try open(name, CLINUX_O_PATH | O_NOFOLLOW, resolve: enteringMounts ? 0 : CLINUX_NO_MOUNTS)
  }

  /// The target of a symbolic link, as written; nil if the node with this name is not one.
  package func linkText(_ name: FileName) throws(Errno) -> [UInt8]? {
    let held = try node(name)
    return try NodeStatus(of: held).kind == .link ? try held.linkText() : nil
  }

  /// Creates a file that must not exist, for writing.
  package func createFile(_ name: FileName) throws(Errno) -> Descriptor {
    try open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
  }

  /// Creates a directory that must not exist, accessible only to its owner.
  package func makeDirectory(_ name: FileName) throws(Errno) {
    try retrying { name.withCString { Int(mkdirat(descriptor.raw, $0, 0o700)) } }
  }

  /// Creates a symbolic link that must not exist.
  package func makeLink(_ name: FileName, to target: [UInt8]) throws(Errno) {
    try retrying {
      name.withCString { name in
        FileName(bytes: target).withCString { Int(symlinkat($0, descriptor.raw, name)) }
      }
    }
  }

  /// Creates a hard link here to a node in another directory; the name must not exist.
  package func hardLink(
    _ name: FileName, to target: FileName, of directory: borrowing TreeDirectory
  ) throws(Errno) {
    let source = directory.descriptor.raw
    try retrying {
      name.withCString { name in
        target.withCString { Int(linkat(source, $0, descriptor.raw, name, 0)) }
      }
    }
  }

  /// Creates a FIFO or device that must not exist; `mode` includes its kind.
  package func makeNode(_ name: FileName, mode: UInt32, major: UInt32, minor: UInt32) throws(Errno) {
    try retrying {
      name.withCString { Int(clinux_make_node(descriptor.raw, $0, mode, major, minor)) }
    }
  }

  /// Removes anything but a directory.
  package func unlink(_ name: FileName) throws(Errno) {
    try retrying { name.withCString { Int(unlinkat(descriptor.raw, $0, 0)) } }
  }

  /// A name and its kind.
  package struct Entry: Sendable {
    package let name: FileName
    package let kind: NodeStatus.Kind
  }

  /// All names except `.` and `..`, in the disk's order.
  package func entries() throws(Errno) -> [Entry] {
    var entries: [Entry] = []
    for record in try DirectoryListing.records(of: descriptor) {
      let kind =
        record.type == Int(DT_UNKNOWN)
        ? try NodeStatus(of: try node(record.name)).kind
        : NodeStatus.kind(UInt32(truncatingIfNeeded: record.type) << 12)
      entries.append(Entry(name: record.name, kind: kind))
    }
    return entries
  }

  private func open(
    _ path: some RawName, _ flags: Int32, mode: UInt64 = 0, resolve: UInt64 = 0
  ) throws(Errno) -> Descriptor {
    let raw = try retrying {
      path.withCString { path in
        Int(
          clinux_openat2(
            descriptor.raw, path, UInt64(UInt32(bitPattern: flags | O_CLOEXEC)), mode,
            CLINUX_NO_LINKS | resolve))
      }
    }
    return Descriptor(owning: Int32(truncatingIfNeeded: raw))
  }
}

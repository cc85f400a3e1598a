import CLinux
import Glibc
package import SystemPackage

/// Starts programs that cannot be led out of a directory by symbolic links.
///
/// Where users other than root may change a directory, they can replace any part of it by a link while a program
/// of root reads it. The programs run in a mount namespace of their own, in which the kernel follows no link in
/// the directory, but still reads where links point. The mount covers the first directory on the path in which
/// others can replace an entry, so that the path itself cannot be changed either.
package struct LinkGuard: Sendable {
  /// Why the kernel cannot do this, or this process may not: it needs Linux 5.14 and CAP_SYS_ADMIN.
  package let fault: Errno?
  /// Whether only root can change the directory and its parents.
  package let isOnlyRoots: Bool
  /// The directory that is covered.
  private let top: FilePath

  /// - Parameter path: the directory, without links.
  package init(_ path: FilePath) {
    let (top, isOnlyRoots) = Self.top(of: path)
    (self.top, self.isOnlyRoots) = (top, isOnlyRoots)
    switch Self.onThread({ Self.enter(top) }) {
    case .some(let fault): self.fault = fault
    case nil: fault = .resourceTemporarilyUnavailable
    }
  }

  /// Runs a function on a thread of its own, so that all programs that it starts are in the namespace; without
  /// it if there is a ``fault``.
  package func run<Value: Sendable>(
    _ body: @escaping @Sendable () throws(MirrorError) -> Value
  ) throws(MirrorError) -> Value {
    guard fault == nil else { return try body() }
    let (top, shown) = (top, escaped(top.bytes))
    let outcome = Self.onThread { () -> Result<Value, MirrorError> in
      if let fault = Self.enter(top) {
        return .failure(.system(fault, "keep programs from following links", shown))
      }
      do throws(MirrorError) { return .success(try body()) } catch { return .failure(error) }
    }
    guard let outcome else { throw .system(.resourceTemporarilyUnavailable, "start a thread", "mirrorctl") }
    return try outcome.get()
  }

  /// Calls a function on a new thread; the thread's namespace ends with the thread.
  ///
  /// - Returns: its result; nil if the thread cannot be started.
  private static func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) -> Value? {
    let result = Monitor<Value?>(nil)
    let thread = BackgroundThread.joinable {
      let value = body()
      result.withLock { $0 = .some(value) }
    }
    guard let thread else { return nil }
    pthread_join(thread, nil)
    return result.withLock { $0 }
  }

  /// Enters a new mount namespace; returns the error if that failed.
  private static func enter(_ top: FilePath) -> Errno? {
    // Programs need the links of the whole system.
    guard top != "/" else { return .notPermitted }
    guard clinux_unshare(CLINUX_NEW_MOUNTS) == 0, clinux_make_private() == 0 else { return lastErrno() }
    do throws(Errno) {
      let flags = CLINUX_O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
      let target = try opened { top.withPlatformString { open($0, flags) } }
      let copy = try opened { clinux_copy_mounts(target.raw, ".") }
      try retrying { Int(clinux_restrict_mount(copy.raw, CLINUX_NO_LINK_FOLLOWED)) }
      try retrying { Int(clinux_attach_mount(copy.raw, target.raw)) }
      return nil
    } catch { return error }
  }

  private static func opened(_ call: () -> Int32) throws(Errno) -> Descriptor {
    Descriptor(owning: Int32(truncatingIfNeeded: try retrying { Int(call()) }))
  }

  /// The first directory on a path in which others can replace the next entry, or else the last one; and
  /// whether only root can change that.
  private static func top(of path: FilePath) -> (FilePath, isOnlyRoots: Bool) {
    var here: FilePath = "/"
    var status = try? here.linkStatus()
    for component in path.components {
      let next = here.appending(component)
      guard let own = status, let entry = try? next.linkStatus(), entry.kind == .directory else { break }
      let isSticky = own.mode & 0o1000 != 0
      guard Self.isOnlyRoots(own) || own.uid == 0 && isSticky && entry.uid == 0 else { return (here, false) }
      (here, status) = (next, entry)
    }
    return (here, status.map(Self.isOnlyRoots) ?? false)
  }

  /// Whether nobody but root can change a directory.
  package static func isOnlyRoots(_ directory: FileStatus) -> Bool {
    let isGroups = directory.mode & 0o020 != 0 && directory.gid != 0
    return directory.uid == 0 && directory.mode & 0o002 == 0 && !isGroups
  }
}

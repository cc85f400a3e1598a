package import LinuxSystem
import CLinux
import Glibc
package import SystemPackage

/// A directory of the host that steps keep files in: distfiles, or binary packages.
///
/// What is in it belongs to steps, whose users are nobody on the host. It can still be read by others on the
/// host, so that no file in it may lend the rights of its owner.
package struct StepCache {
  package let path: FilePath
  private let confinement: Confinement

  package init(path: FilePath, confinement: Confinement) {
    self.path = path
    self.confinement = confinement
  }

  /// Creates it if it is missing, gives steps what the host's root made, and removes rights as in ``settle(_:)``.
  ///
  /// - Parameters:
  ///   - remedy: for a path that others could change.
  ///   - mark: marks it as a cache of mirrorctl if it is new or below a directory of mirrorctl.
  ///   - own: the directory in which mirrorctl keeps its files by default.
  /// - Returns: the lock that keeps other runs from deleting files in it; nil if it cannot be locked.
  @discardableResult
  package func prepare(
    _ cancellation: Cancellation, _ remedy: Remedy = "use another directory", mark: String? = nil,
    own: FilePath? = nil
  ) throws(MirrorError) -> Shared<CacheLock>? {
    // Nobody else needs to reach a cache.
    try SafePath.make(path.removingLastComponent(), as: .any, remedy)
    let isOwn = own.map { path.starts(with: $0) } ?? false
    try SafePath.make(path, mode: 0o755, as: .any, remedy)
    var lock: Shared<CacheLock>?
    do throws(MirrorError) {
      let held = Shared(try CacheLock.use(path, cancellation))
      let isEmpty = try AnchoredDirectory(root: path).entries().isEmpty
      if let mark, isOwn || isEmpty { try held.value.mark(mark) }
      lock = held
    } catch {
      // Such a cache is never cleaned.
      if error.code == .interrupted { throw error }
    }
    try settle(cancellation)
    return lock
  }

  /// Removes set-user-ID and set-group-ID bits and capabilities from all files in it.
  ///
  /// - Throws: when a directory cannot be read, or with code `interrupted`.
  package func settle(_ cancellation: Cancellation) throws(MirrorError) {
    let top = try AnchoredDirectory(root: path)
    try adopt(top.descriptor, "\(path)")
    var waiting: [MirrorPath] = [.root]
    while let next = waiting.popLast() {
      try cancellation.check()
      let directory: AnchoredDirectory
      // A step of another build may remove and replace what is here at any time.
      do throws(MirrorError) { directory = try next == .root ? top.duplicate() : top.directory(next) } catch {
        continue
      }
      for entry in try directory.entries() {
        switch entry.kind {
        case .directory:
          waiting.append(next == .root ? MirrorPath(bytes: entry.name.bytes) : next.appending(entry.name))
          if let child = try? directory.directory(entry.name) { try adopt(child.descriptor, "\(path)") }
        case .regular: try settle(entry.name, in: directory)
        case .link, .other: break
        }
      }
    }
  }

  private func settle(_ name: FileName, in directory: borrowing AnchoredDirectory) throws(MirrorError) {
    guard let file = try? directory.file(MirrorPath(bytes: name.bytes)) else { return }
    let shown = directory.displayed(name)
    try adopt(file, shown)
    let status = try attempt("examine", shown) { () throws(Errno) in try file.status() }
    guard status.kind == .regular else { return }
    if status.mode & 0o6000 != 0 {
      try attempt("set the mode", shown) { () throws(Errno) in try file.setMode(status.mode & 0o1777) }
    }
    // Most files have none.
    fremovexattr(file.raw, "security.capability")
  }

  /// Gives a file or directory of the host's root to the root of steps.
  private func adopt(_ file: borrowing Descriptor, _ shown: String) throws(MirrorError) {
    guard confinement != .userNamespace else { return }
    var status = clinux_status()
    try checked(clinux_status(file.raw, "", &status), "examine", shown)
    let isDirectory = status.mode & S_IFMT == S_IFDIR
    // A second name of a file may be elsewhere on the host.
    guard status.uid < Confinement.firstID,
      isDirectory || status.mode & S_IFMT == S_IFREG && status.links == 1
    else { return }
    let group = status.gid < Confinement.firstID ? status.gid + Confinement.firstID : status.gid
    try checked(fchown(file.raw, status.uid + Confinement.firstID, group), "set the owner of", shown)
  }
}

import Glibc
import Synchronization
import SystemPackage

/// Metro's lock of a subarch, `.control/.multi_progress`, held while files of that subarch are worked at.
///
/// Several threads of one run may hold the same one. The kernel does not release it: after a kill its number
/// names no process, and it counts as stale.
final class BuildLocks: Sendable {
  /// A subarch whose lock one piece of work holds.
  package typealias Held = MirrorPath

  private static let name: FileName = ".multi_progress"

  private let probe: ProcessProbe
  private let clock: @Sendable () -> Int64
  private let holders = Mutex<[MirrorPath: Int]>([:])

  package init(probe: ProcessProbe, clock: @escaping @Sendable () -> Int64) {
    self.probe = probe
    self.clock = clock
  }

  /// Takes the lock of a subarch; nil where there is none to take.
  ///
  /// - Throws: ``MirrorError`` with code `busy` while a live process holds it.
  package func acquire(_ subarch: MirrorPath?, _ anchor: borrowing AnchoredDirectory) throws(MirrorError) -> Held? {
    guard let subarch else { return nil }
    return try holders.withLock { (holders) throws(MirrorError) -> Held? in
      if holders[subarch] == nil, try !take(subarch, anchor) { return nil }
      holders[subarch, default: 0] += 1
      return subarch
    }
  }

  /// Gives back what ``acquire(_:_:)`` gave; the last holder removes the lock.
  package func release(_ held: Held?, _ anchor: borrowing AnchoredDirectory) {
    guard let held else { return }
    holders.withLock { holders in
      let left = (holders[held] ?? 1) - 1
      holders[held] = left > 0 ? left : nil
      if left == 0 { drop(held, anchor) }
    }
  }

  private func take(_ subarch: MirrorPath, _ anchor: borrowing AnchoredDirectory) throws(MirrorError) -> Bool
  {
    let directory = try anchor.directory(subarch)
    guard try directory.status(of: ControlDirectory.name)?.kind == .directory else { return false }
    let control = try directory.directory(ControlDirectory.name)
    let temporary = TemporaryName.make()
    // A name given to a finished file is never seen empty, as one that is opened and written would be.
    let file = try control.createFile(temporary)
    defer { try? control.unlink(temporary) }
    let mode = mode_t(0o644)
    try attempt("write", control.displayed(temporary)) { () throws(Errno) in
      try file.write(Array("\(getpid())\n".utf8))
      try retrying { Int(fchmod(file.raw, mode)) }
    }
    do throws(MirrorError) { try control.hardLink(temporary, to: Self.name) } catch {
      guard error.code == .system(.fileExists) else { throw error }
      try removeStale(control)
      try control.hardLink(temporary, to: Self.name)
    }
    return true
  }

  private func removeStale(_ control: borrowing AnchoredDirectory) throws(MirrorError) {
    if let lock = found(in: control), lock.isAlive {
      let holder = lock.pid.map { "process \($0)" } ?? "another process"
      throw MirrorError(
        .busy, control.displayed(Self.name), "\(holder) works at this subarch",
        remedy: "run again when it has ended")
    }
    try control.unlink(Self.name)
  }

  private func drop(_ subarch: MirrorPath, _ anchor: borrowing AnchoredDirectory) {
    // What is no longer ours stays; what cannot be removed names a process that will be gone.
    guard let control = try? anchor.directory(subarch.appending(ControlDirectory.name)),
      found(in: control)?.pid == getpid()
    else { return }
    try? control.unlink(Self.name)
  }

  private func found(in control: borrowing AnchoredDirectory) -> ProgressLock? {
    ControlDirectory(probe: probe, now: clock()).lock(Self.name, control) { _ in }
  }
}

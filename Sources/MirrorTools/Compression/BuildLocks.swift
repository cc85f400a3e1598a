import MirrorModel
import LinuxSystem
import Synchronization

/// Metro's lock of a subarch, `.control/.multi_progress`, held while files of the subarch are changed.
///
/// Several threads of one run may hold the same lock.
final class BuildLocks: Sendable {
  /// A subarch whose lock is held by one task.
  typealias Held = MirrorPath

  private let file: ProgressFile
  private let holders = Mutex<[MirrorPath: Int]>([:])

  init(probe: ProcessProbe, clock: @escaping @Sendable () -> Int64) {
    file = ProgressFile(".multi_progress", probe: probe, clock: clock)
  }

  /// Takes the lock of a subarch; nil if there is none to take.
  ///
  /// - Throws: ``MirrorError`` with code `busy` while a live process holds it.
  func acquire(_ subarch: MirrorPath?, _ anchor: borrowing AnchoredDirectory) throws(MirrorError) -> Held? {
    guard let subarch else { return nil }
    return try holders.withLock { (holders) throws(MirrorError) -> Held? in
      if holders[subarch] == nil, try !take(subarch, anchor) { return nil }
      holders[subarch, default: 0] += 1
      return subarch
    }
  }

  /// Releases a lock from ``acquire(_:_:)``; the last holder removes it.
  func release(_ held: Held?, _ anchor: borrowing AnchoredDirectory) {
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
    try file.take(in: try directory.directory(ControlDirectory.name))
    return true
  }

  private func drop(_ subarch: MirrorPath, _ anchor: borrowing AnchoredDirectory) {
    guard let control = try? anchor.directory(subarch.appending(ControlDirectory.name)) else { return }
    file.drop(in: control)
  }
}

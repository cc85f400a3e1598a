import CLinux
import Glibc
public import SystemPackage

/// One writer a mirror at a time.
///
/// `flock(2)` on `.mirrorctl.lock` in the mirror's root, held until the value is dropped and released by the
/// kernel however the run ends. The file stays and names the last holder: removing it would let two runs lock
/// two different files.
public struct MirrorLock: ~Copyable {
  static let fileName: FileName = ".mirrorctl.lock"

  private let file: Descriptor

  /// Takes the lock, waiting up to `wait` seconds for another run to end.
  ///
  /// - Throws: ``MirrorError`` with code `busy` that names the holder, or `interrupted`.
  public init(root: FilePath, verb: String, wait: Int = 0, cancellation: Cancellation) throws(MirrorError) {
    let directory = try AnchoredDirectory(root: root)
    let path = directory.displayed(Self.fileName)
    let file = try directory.fileForUpdate(Self.fileName, mode: 0o644)
    let deadline = ContinuousClock.now + .seconds(max(0, wait))
    while true {
      do throws(Errno) {
        try retrying { Int(flock(file.raw, LOCK_EX | LOCK_NB)) }
        break
      } catch {
        guard error == .wouldBlock else { throw .system(error, "lock", path) }
        guard ContinuousClock.now < deadline else {
          throw MirrorError(
            .busy, path, "another run holds the lock: \(Self.holder(in: file))",
            remedy: "wait for it to end, or give --lock-wait SECONDS")
        }
        try cancellation.check()
        usleep(100_000)
      }
    }
    // Whoever owns the mirror can lock it again after a run by root.
    let owner = try directory.status()
    _ = fchown(file.raw, owner.uid, owner.gid)
    // Who holds it is only told: on a full disk, which clean may be about to mend, nobody reads it.
    do throws(Errno) {
      try retrying { Int(ftruncate(file.raw, 0)) }
      try file.write(Array("\(getpid()) \(HostName.current) \(verb)\n".utf8))
    } catch {}
    self.file = file
  }

  private static func holder(in file: borrowing Descriptor) -> String {
    let bytes = (try? file.bytes(upTo: 512)) ?? []
    let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    guard words.count == 3 else { return "one that has just begun" }
    return escaped(Array("mirrorctl \(words[2]), pid \(words[0]) on \(words[1])".utf8))
  }
}

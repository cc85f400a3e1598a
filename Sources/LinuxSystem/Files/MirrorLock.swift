import CLinux
import Glibc
public import SystemPackage

/// One writer per mirror at a time.
///
/// `flock(2)` on `.mirrorctl.lock` in the mirror's root, held until the value is dropped and released by the
/// kernel however the run ends. The file belongs to the mirror's owner and is closed to everybody else, who could
/// hold the lock for ever by opening it. It stays, since removing it would let two runs lock two different files,
/// and names its holder as long as that runs.
public struct MirrorLock: ~Copyable {
  static let fileName: FileName = ".mirrorctl.lock"

  private let file: Descriptor

  /// Takes the lock, waiting up to `wait` seconds for another run to end.
  ///
  /// - Throws: ``MirrorError`` with code `busy` that names the holder, or `interrupted`.
  public init(root: FilePath, verb: String, wait: Int = 0, cancellation: Cancellation) throws(MirrorError) {
    let directory = try AnchoredDirectory(root: root)
    let path = directory.displayed(Self.fileName)
    let file = try Self.open(in: directory)
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
            remedy: "wait for it to end, or \(run: .lockWait)")
        }
        try cancellation.check()
        usleep(100_000)
      }
    }
    // Who holds it is only told: on a full disk, which clean may be about to mend, nobody reads it.
    do throws(Errno) {
      try retrying { Int(ftruncate(file.raw, 0)) }
      try file.write(Array("\(getpid()) \(HostName.current) \(verb)\n".utf8))
    } catch {}
    self.file = file
  }

  // Nobody is named once it is free.
  deinit { ftruncate(file.raw, 0) }

  /// Opens the file, and gives it to the mirror's owner alone.
  private static func open(in directory: borrowing AnchoredDirectory) throws(MirrorError) -> Descriptor {
    let owner = try directory.status()
    let file = try existing(in: directory)
    let status = try attempt("look at", directory.displayed(fileName)) { () throws(Errno) in try file.status()
    }
    // Only root can give it away, and so lets the owner lock the mirror after it.
    if status.uid != owner.uid || status.gid != owner.gid { _ = fchown(file.raw, owner.uid, owner.gid) }
    if status.mode & 0o7777 != 0o600 { _ = fchmod(file.raw, 0o600) }
    return file
  }

  private static func existing(in directory: borrowing AnchoredDirectory) throws(MirrorError) -> Descriptor {
    do throws(MirrorError) { return try directory.fileForUpdate(fileName, mode: 0o600) } catch {
      guard error.code == .system(.permissionDenied), let status = try directory.status(of: fileName) else {
        throw error
      }
      let name = Account.name(of: status.uid)
      throw MirrorError(
        error.code, error.subject, "belongs to \(name), and nobody else but root may change the mirror",
        remedy: "run as \(name)")
    }
  }

  private static func holder(in file: borrowing Descriptor) -> String {
    let bytes = (try? file.bytes(upTo: 512)) ?? []
    let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    // A run that was killed could not take its name away.
    guard words.count == 3, let pid = Int32(words[0]), pid > 0,
      words[1] != HostName.current || kill(pid, 0) == 0 || errno == EPERM
    else { return "one that has just begun" }
    return escaped(Array("mirrorctl \(words[2]), pid \(words[0]) on \(words[1])".utf8))
  }
}

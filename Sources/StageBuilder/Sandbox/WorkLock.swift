import CLinux
import Glibc
import MirrorTools
import SystemPackage

/// `NAME.lock` beside a work directory, locked by `flock(2)`.
struct WorkLock: ~Copyable {
  /// Tells our locks from others' files of such a name.
  private static let mark = "mirrorctl work directory"

  private let file: Descriptor
  private let directory: Descriptor
  private let name: FileName

  /// Takes it.
  ///
  /// - Throws: code `busy` when another run holds it.
  init(beside work: FileName, in parent: borrowing AnchoredDirectory) throws(MirrorError) {
    let name = FileName(bytes: work.bytes + Array(".lock".utf8))
    let path = parent.displayed(name)
    while true {
      let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
      let raw = name.withCString { openat(parent.descriptor.raw, $0, flags, 0o600) }
      let file = Descriptor(owning: try checked(raw, "open", path))
      guard try Self.isOurs(file) else {
        throw MirrorError(.refused, path, "is not a file of ours", remedy: "remove it, if nobody needs it")
      }
      guard Self.lock(file) else {
        throw MirrorError(
          .busy, path, "another run works here: \(Self.holder(file))", remedy: "wait for it to end")
      }
      // A run that ends removes the file: then ours has no name any more.
      guard Self.isNamed(file, name, parent) else { continue }
      let text = "\(Self.mark)\n\(getpid())\n"
      do throws(Errno) {
        try retrying { Int(ftruncate(file.raw, 0)) }
        try file.write(Array(text.utf8))
        directory = try parent.descriptor.duplicate()
      } catch { throw .system(error, "write", path) }
      self.file = file
      self.name = name
      return
    }
  }

  /// Takes that of a dead run; nil if it is another's, or held.
  init?(leftBeside work: FileName, in parent: borrowing AnchoredDirectory) {
    let name = FileName(bytes: work.bytes + Array(".lock".utf8))
    let raw = name.withCString {
      openat(parent.descriptor.raw, $0, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    }
    guard raw >= 0 else { return nil }
    let file = Descriptor(owning: raw)
    guard (try? Self.isOurs(file)) == true, Self.text(file).hasPrefix(Self.mark), Self.lock(file),
      Self.isNamed(file, name, parent), let directory = try? parent.descriptor.duplicate()
    else { return nil }
    self.file = file
    self.directory = directory
    self.name = name
  }

  /// Removes the file; the lock itself lasts as long as this value.
  func remove() { _ = name.withCString { unlinkat(directory.raw, $0, 0) } }

  private static func lock(_ file: borrowing Descriptor) -> Bool { flock(file.raw, LOCK_EX | LOCK_NB) == 0 }

  private static func isOurs(_ file: borrowing Descriptor) throws(MirrorError) -> Bool {
    var status = clinux_status()
    try checked(clinux_status(file.raw, "", &status), "look at", "a lock")
    return status.mode & S_IFMT == S_IFREG && status.uid == geteuid()
  }

  private static func isNamed(
    _ file: borrowing Descriptor, _ name: FileName, _ parent: borrowing AnchoredDirectory
  ) -> Bool {
    var (own, named) = (clinux_status(), clinux_status())
    return clinux_status(file.raw, "", &own) == 0
      && name.withCString { clinux_status(parent.descriptor.raw, $0, &named) } == 0
      && (own.inode, own.device) == (named.inode, named.device)
  }

  private static func text(_ file: borrowing Descriptor) -> String {
    String(decoding: (try? file.bytes(upTo: 256)) ?? [], as: UTF8.self)
  }

  private static func holder(_ file: borrowing Descriptor) -> String {
    let lines = text(file).split(separator: "\n")
    guard lines.count == 2, let pid = Int32(lines[1]) else { return "one that has just begun" }
    return "mirrorctl, pid \(pid)"
  }
}

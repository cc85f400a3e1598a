import StageTrees
import LinuxSystem
import SystemPackage

/// An open `.tar` that must not change during compression.
struct PlainTarball: ~Copyable {
  let file: Descriptor
  let status: FileStatus
  let name: FileName
  /// The absolute path, for messages.
  let subject: String

  init(_ name: FileName, in directory: borrowing AnchoredDirectory) throws(MirrorError) {
    let subject = directory.displayed(name)
    let file = try directory.file(MirrorPath(bytes: name.bytes))
    let status = try attempt("examine", subject) { () throws(Errno) in try file.status() }
    guard status.kind == .regular else { throw MirrorError(.invalid, subject, "is not a regular file") }
    self.file = file
    self.status = status
    self.name = name
    self.subject = subject
  }

  /// Reads into `buffer` at `offset`; returns 0 at the end.
  func read(into buffer: borrowing ChunkBuffer, at offset: Int64) throws(MirrorError) -> Int {
    try attempt("read", subject) { () throws(Errno) in try file.read(into: buffer.bytes, at: offset) }
  }

  /// Whether the file has these bytes at `offset`.
  func holds(
    _ bytes: UnsafeRawBufferPointer, at offset: Int64, scratch: borrowing ChunkBuffer
  ) throws(MirrorError) -> Bool {
    var done = 0
    while done < bytes.count {
      let window = UnsafeMutableRawBufferPointer(
        rebasing: scratch.bytes[..<min(scratch.bytes.count, bytes.count - done)])
      let position = offset + Int64(done)
      let count = try attempt("read", subject) { () throws(Errno) in try file.read(into: window, at: position)
      }
      let expected = UnsafeRawBufferPointer(rebasing: bytes[done..<(done + count)])
      let found = UnsafeRawBufferPointer(rebasing: window[..<count])
      guard count > 0, expected.hasBytes(of: found) else { return false }
      done += count
    }
    return true
  }

  /// Throws unless the file is unchanged and its name still refers to it.
  func checkUnchanged(in directory: borrowing AnchoredDirectory) throws(MirrorError) {
    let now = try attempt("examine", subject) { () throws(Errno) in try file.status() }
    guard now.identity == status.identity, try directory.status(of: name)?.identity == status.identity else {
      throw MirrorError(
        .changed, subject, "changed during compression", remedy: "run again when nothing writes to it")
    }
  }
}

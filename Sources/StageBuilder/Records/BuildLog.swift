import LinuxSystem
import SystemPackage

/// A target's log: the output of its steps, and notes on what happens between them.
struct BuildLog: ~Copyable {
  /// Prefix of the lines that mirrorctl writes.
  static let mark = ">>> "

  /// The descriptor that steps print to.
  let descriptor: Descriptor
  /// The log's path, for messages.
  let path: String
  private let tell: @Sendable (String) -> Void

  /// Starts a new log.
  init(
    _ name: FileName, in directory: borrowing AnchoredDirectory, tell: @escaping @Sendable (String) -> Void
  ) throws(MirrorError) {
    // A new file, so that output of a killed build does not end up in it.
    try directory.unlink(name)
    let file = try directory.createFile(name, isReadable: true)
    let ownership = try directory.fileOwnership()
    try directory.give(file, name, to: ownership)
    let mode = ownership.mode
    try attempt("write", directory.displayed(name)) { () throws(Errno) in
      try file.setMode(mode)
      // Steps and mirrorctl write to it in turn.
      try file.appendAlways()
    }
    descriptor = file
    path = directory.displayed(name)
    self.tell = tell
  }

  private init(_ descriptor: consuming Descriptor, path: String, tell: @escaping @Sendable (String) -> Void) {
    self.descriptor = descriptor
    self.path = path
    self.tell = tell
  }

  /// The log of a snapshot-only build, which belongs to no version.
  static func inMemory(tell: @escaping @Sendable (String) -> Void) throws(MirrorError) -> BuildLog {
    let file = try attempt("create", "the log") { () throws(Errno) in try Descriptor(inMemory: "log")
    }
    return BuildLog(file, path: "its output", tell: tell)
  }

  /// Writes a line to the log and passes it to `tell`.
  func note(_ text: String) {
    // A full disk fails the step, not its log.
    try? descriptor.write(Array("\(Self.mark)\(text)\n".utf8))
    tell(text)
  }

  /// Writes a line to the log only.
  func print(_ text: String) throws(MirrorError) {
    try attempt("write", path) { () throws(Errno) in try descriptor.write(Array("\(text)\n".utf8)) }
  }

  /// Passes the log in pieces to `body`.
  func read(_ body: (UnsafeRawBufferPointer) -> Void) {
    guard let size = try? descriptor.status().size else { return }
    withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
      var offset: Int64 = 0
      while offset < size, let count = try? descriptor.read(into: buffer, at: offset), count > 0 {
        body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        offset += Int64(count)
      }
    }
  }
}

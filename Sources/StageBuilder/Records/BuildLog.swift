import LinuxSystem
import SystemPackage

/// A target's log: what its steps print, and what is done between them.
struct BuildLog: ~Copyable {
  /// What lines begin with that are mirrorctl's.
  static let mark = ">>> "

  /// Where steps print to.
  let descriptor: Descriptor
  /// The log's path, for messages.
  let path: String
  private let tell: @Sendable (String) -> Void

  /// Begins a log anew.
  init(
    _ name: FileName, in directory: borrowing AnchoredDirectory, tell: @escaping @Sendable (String) -> Void
  ) throws(MirrorError) {
    // Another name, so that what a killed build still writes goes nowhere.
    try directory.unlink(name)
    let file = try directory.createFile(name, isReadable: true)
    let ownership = try directory.fileOwnership()
    try? file.setOwner(ownership.uid, ownership.gid)
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

  /// That of a snapshot alone, which belongs to no version.
  static func inMemory(tell: @escaping @Sendable (String) -> Void) throws(MirrorError) -> BuildLog {
    let file = try attempt("make a file for", "the log") { () throws(Errno) in try Descriptor(inMemory: "log")
    }
    return BuildLog(file, path: "what it said", tell: tell)
  }

  /// Notes what is done, and tells who looks on.
  func note(_ text: String) {
    // A full disk fails the step, not its log.
    try? descriptor.write(Array("\(Self.mark)\(text)\n".utf8))
    tell(text)
  }

  /// The log's end, at most `limit` bytes, from a whole line on.
  func text(limit: Int64 = 64 << 20) -> String {
    guard let size = try? descriptor.status().size else { return "" }
    let start = max(0, size - limit)
    var bytes = [UInt8](repeating: 0, count: Int(size - start))
    let count = bytes.withUnsafeMutableBytes { buffer in
      (try? descriptor.read(into: buffer, at: start)) ?? 0
    }
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }
}

package import LinuxSystem
package import MirrorModel
import SystemPackage

/// A plain tar archive of a few files, written to a file that appears complete or not at all.
///
/// The bytes depend only on the names, contents and the epoch.
package struct ArchiveFile: ~Copyable {
  private var file: DurableFile
  private let subject: String
  private let epoch: NodeTime
  private var digester: StreamDigester
  private var size: Int64 = 0

  private init(
    _ file: consuming DurableFile, subject: String, epoch: NodeTime, digester: consuming StreamDigester
  ) {
    self.file = file
    self.subject = subject
    self.epoch = epoch
    self.digester = digester
  }

  /// Begins an archive.
  ///
  /// - Parameters:
  ///   - epoch: modification time of all members, in seconds since 1970.
  ///   - algorithms: the digests to compute of the archive.
  package static func begin(
    _ name: FileName, in directory: borrowing AnchoredDirectory, epoch: Int64, algorithms: [DigestAlgorithm]
  ) throws(MirrorError) -> ArchiveFile {
    ArchiveFile(
      try DurableFile(name, in: directory), subject: directory.displayed(name),
      epoch: NodeTime(seconds: epoch, nanoseconds: 0), digester: try StreamDigester(algorithms))
  }

  /// Adds a directory; its path ends with a slash.
  package mutating func add(directory path: String) throws(MirrorError) {
    try write(header(.directory, path, size: 0, permissions: 0o755))
  }

  /// Adds a file.
  package mutating func add(_ bytes: [UInt8], as path: String) throws(MirrorError) {
    try write(header(.regular, path, size: Int64(bytes.count), permissions: 0o644))
    try write(bytes)
    try write(TarHeader.padding(after: Int64(bytes.count)))
  }

  /// Adds the content of an open file of `size` bytes; `name` is its name in messages.
  package mutating func add(
    _ source: borrowing Descriptor, named name: String, size: Int64, as path: String,
    cancellation: Cancellation
  ) throws(MirrorError) {
    try write(header(.regular, path, size: size, permissions: 0o644))
    let buffer = ChunkBuffer(count: 1 << 20)
    var offset: Int64 = 0
    while offset < size {
      try cancellation.check()
      let start = offset
      let count = Int(min(size - start, Int64(buffer.bytes.count)))
      let read = try attempt("read", name) { () throws(Errno) in
        try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<count]), at: start)
      }
      guard read > 0 else {
        throw MirrorError(.changed, name, "became shorter while it was read", remedy: "run again")
      }
      try write(buffer.prefix(read))
      offset += Int64(read)
    }
    try write(TarHeader.padding(after: size))
  }

  /// Writes the end of the archive and puts the file in place; returns its size in bytes and its digests.
  package consuming func commit(_ ownership: Ownership) throws(MirrorError) -> (
    size: Int64, digests: DigestSet
  ) {
    try write(TarHeader.end(after: size))
    let result = (size: size, digests: try digester.finish())
    try file.commit(ownership)
    return result
  }

  private func header(_ kind: TarHeader.Kind, _ path: String, size: Int64, permissions: UInt32) -> [UInt8] {
    TarHeader(kind: kind, path: Array(path.utf8), size: size, permissions: permissions, mtime: epoch).blocks
  }

  private mutating func write(_ bytes: [UInt8]) throws(MirrorError) {
    let fault = bytes.withUnsafeBytes { buffer -> MirrorError? in
      do throws(MirrorError) {
        try write(buffer)
        return nil
      } catch { return error }
    }
    if let fault { throw fault }
  }

  private mutating func write(_ bytes: UnsafeRawBufferPointer) throws(MirrorError) {
    try file.write(bytes)
    try digester.update(bytes)
    size += Int64(bytes.count)
  }
}

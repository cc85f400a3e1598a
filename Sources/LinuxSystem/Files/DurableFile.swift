import CLinux
import Glibc
import SystemPackage

/// A file that appears under its name complete and durable, or not at all.
///
/// It is written under a temporary name in the same directory (`O_EXCL`); ``commit()`` sets owner and mode,
/// then does `fsync`, `rename`, and `fsync` of the directory. A writer that is dropped uncommitted removes
/// its temporary file; a killed one leaves it for the next run to sweep.
package struct DurableFile: ~Copyable {
  private let directory: AnchoredDirectory
  private let temporary: FileName
  private let name: FileName
  private let file: Descriptor
  private var committed = false

  /// Begins to write a file `name` in `directory`.
  package init(_ name: FileName, in directory: borrowing AnchoredDirectory) throws(MirrorError) {
    let temporary = TemporaryName.make()
    let owned = try directory.duplicate()
    let file = try directory.createFile(temporary)
    self.directory = owned
    self.temporary = temporary
    self.name = name
    self.file = file
  }

  deinit { if !committed { try? directory.unlink(temporary) } }

  /// Appends bytes.
  package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(MirrorError) {
    try attempt("write", directory.displayed(name)) { () throws(Errno) in try file.write(bytes) }
  }

  /// Appends bytes.
  package mutating func write(_ bytes: [UInt8]) throws(MirrorError) {
    try attempt("write", directory.displayed(name)) { () throws(Errno) in try file.write(bytes) }
  }

  /// Appends the content of a file, of this name in messages; returns its size in bytes.
  package mutating func append(_ source: borrowing Descriptor, _ subject: String) throws(MirrorError) -> Int64
  {
    try Self.forEachChunk(of: source, subject) { bytes, _ throws(MirrorError) in try write(bytes) }
  }

  /// Copies a file into this empty one, with holes instead of zeros; `subject` is its name in messages.
  package mutating func append(sparse source: borrowing Descriptor, _ subject: String) throws(MirrorError) {
    let size = try Self.forEachChunk(of: source, subject) { bytes, offset throws(MirrorError) in
      guard !bytes.isZero else { return }
      try attempt("write", directory.displayed(name)) { () throws(Errno) in
        try file.write(bytes, at: offset)
      }
    }
    try attempt("write", directory.displayed(name)) { () throws(Errno) in try file.truncate(to: size) }
  }

  /// Reads a file; returns its size in bytes.
  ///
  /// - Parameter take: receives its bytes and their offset.
  private static func forEachChunk(
    of source: borrowing Descriptor, _ subject: String,
    _ take: (UnsafeRawBufferPointer, Int64) throws(MirrorError) -> Void
  ) throws(MirrorError) -> Int64 {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { buffer.deallocate() }
    var offset: Int64 = 0
    while true {
      let count: Int
      do throws(Errno) { count = try source.read(into: buffer, at: offset) } catch {
        throw .system(error, "read", subject)
      }
      if count == 0 { return offset }
      try take(UnsafeRawBufferPointer(rebasing: buffer[..<count]), offset)
      offset += Int64(count)
    }
  }

  /// The temporary file's descriptor, to read back what was written.
  package func reopened() throws(MirrorError) -> Descriptor {
    try directory.file(MirrorPath(bytes: temporary.bytes))
  }

  /// A second owner of the temporary file, for a library that does its own writing.
  package func duplicate() throws(MirrorError) -> Descriptor {
    try attempt("write", directory.displayed(name)) { () throws(Errno) in try file.duplicate() }
  }

  /// Sets the modification time, in nanoseconds since the epoch; nothing may be written afterwards.
  package func keepTime(_ mtime: Int64) throws(MirrorError) {
    try attempt("set the time", directory.displayed(name)) { () throws(Errno) in
      try file.setTime(mtime)
    }
  }

  /// Puts the file in place with the given ownership; `syncingDirectory: false` leaves the directory's
  /// `fsync` to a caller that writes more into it. Returns the file's status under its final name.
  @discardableResult
  package consuming func commit(_ ownership: Ownership, syncingDirectory: Bool = true) throws(MirrorError)
    -> FileStatus
  {
    try directory.finish(file, name, ownership)
    try directory.rename(temporary, to: name)
    committed = true
    if syncingDirectory { try directory.sync() }
    return try attempt("examine", directory.displayed(name)) { () throws(Errno) in try file.status() }
  }

  /// Puts the file in place in another directory, whose temporary files no run sweeps.
  package consuming func commit(
    _ ownership: Ownership, as name: FileName, in other: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    try directory.finish(file, name, ownership)
    try other.take(temporary, from: directory, as: name)
    committed = true
    try other.sync()
  }

  /// Writes a complete small file.
  @discardableResult
  package static func write(
    _ bytes: [UInt8], to name: FileName, in directory: borrowing AnchoredDirectory, _ ownership: Ownership,
    syncingDirectory: Bool = true
  ) throws(MirrorError) -> FileStatus {
    var file = try DurableFile(name, in: directory)
    try file.write(bytes)
    return try file.commit(ownership, syncingDirectory: syncingDirectory)
  }
}

extension UnsafeRawBufferPointer {
  /// Whether every byte is zero.
  fileprivate var isZero: Bool {
    guard let start = baseAddress, count > 0 else { return true }
    return self[0] == 0 && memcmp(start, start + 1, count - 1) == 0
  }
}

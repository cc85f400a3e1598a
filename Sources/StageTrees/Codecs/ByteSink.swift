package import LinuxSystem
import SystemPackage

/// A destination for compressed bytes.
package protocol ByteSink: AnyObject, Sendable {
  /// Takes bytes; the buffer may be overwritten afterwards.
  func write(_ bytes: UnsafeRawBufferPointer) throws(MirrorError)
}

/// An open file, written at its position.
package final class FileSink: ByteSink {
  private let file: Descriptor
  private let subject: String

  /// - Parameter subject: the path in errors.
  package init(_ file: consuming Descriptor, subject: String) {
    self.file = file
    self.subject = subject
  }

  package func write(_ bytes: UnsafeRawBufferPointer) throws(MirrorError) {
    try attempt("compress", subject) { () throws(Errno) in try file.write(bytes) }
  }
}

/// The filling end of a pipe to another thread.
final class PipeSink: ByteSink, @unchecked Sendable {
  private let pipe: ChunkPipe
  private var chunk: ChunkPipe.Chunk?
  private var filled = 0

  init(_ pipe: ChunkPipe) { self.pipe = pipe }

  func write(_ bytes: UnsafeRawBufferPointer) throws(MirrorError) {
    var rest = bytes
    while !rest.isEmpty {
      let space = try vacant()
      let count = min(space.count, rest.count)
      space.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
      advance(count)
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  /// Space for the next bytes; never empty.
  func vacant() throws(MirrorError) -> UnsafeMutableRawBufferPointer {
    if let chunk { return UnsafeMutableRawBufferPointer(rebasing: chunk.bytes[filled...]) }
    let fresh = try pipe.vacant()
    chunk = fresh
    filled = 0
    return fresh.bytes
  }

  /// Reports that `count` bytes were written to ``vacant()``.
  func advance(_ count: Int) {
    guard let chunk else { return }
    filled += count
    if filled == chunk.bytes.count { flush() }
  }

  /// Sends an incomplete buffer, and ends the pipe.
  func finish() {
    flush()
    pipe.finish()
  }

  private func flush() {
    if let chunk { pipe.send(chunk, count: filled) }
    chunk = nil
  }
}

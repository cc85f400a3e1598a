package import LinuxSystem
import SystemPackage

/// Where compressed bytes go.
package protocol ByteSink: AnyObject, Sendable {
  /// Takes bytes; they may be overwritten afterwards.
  func write(_ bytes: UnsafeRawBufferPointer) throws(MirrorError)
}

/// An open file, written at its position.
package final class FileSink: ByteSink {
  private let file: Descriptor
  private let subject: String

  /// - Parameter subject: the path that errors name.
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

  /// Where the next bytes may be put; never empty.
  func vacant() throws(MirrorError) -> UnsafeMutableRawBufferPointer {
    if let chunk { return UnsafeMutableRawBufferPointer(rebasing: chunk.bytes[filled...]) }
    let fresh = try pipe.vacant()
    chunk = fresh
    filled = 0
    return fresh.bytes
  }

  /// Says that `count` bytes were put where ``vacant()`` told.
  func advance(_ count: Int) {
    guard let chunk else { return }
    filled += count
    if filled == chunk.bytes.count { flush() }
  }

  /// Sends what is not a whole buffer, and ends the pipe.
  func finish() {
    flush()
    pipe.finish()
  }

  private func flush() {
    if let chunk { pipe.send(chunk, count: filled) }
    chunk = nil
  }
}

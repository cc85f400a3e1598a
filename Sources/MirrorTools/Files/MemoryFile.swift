import CLinux
import Glibc
import SystemPackage

/// Bytes that a program of ours reads as a file while this value lives; a killed run leaves none of it behind.
package struct MemoryFile: ~Copyable, Sendable {
  private let file: Descriptor

  /// Holds bytes that are told to `reader`.
  package init(_ bytes: [UInt8], for reader: String) throws(MirrorError) {
    let file = Descriptor(owning: clinux_memory_file("bytes"))
    try attempt("keep what is told to", reader) { () throws(Errno) in
      if file.raw < 0 { throw lastErrno() }
      try file.write(bytes)
    }
    self.file = file
  }

  /// A path by which a program that we start opens it.
  package var path: String { file.pathForPrograms }
}

extension Descriptor {
  /// A path by which a program that we start opens the same file, whatever its names are by now.
  package var pathForPrograms: String { "/proc/\(getpid())/fd/\(raw)" }
}

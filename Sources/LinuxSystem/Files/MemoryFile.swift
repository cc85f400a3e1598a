import CLinux
import Glibc
package import SystemPackage

/// Bytes that a program of ours reads as a file while this value lives; a killed run leaves none of it behind.
package struct MemoryFile: ~Copyable, Sendable {
  private let file: Descriptor

  /// Holds bytes that are told to `reader`.
  package init(_ bytes: [UInt8], for reader: String) throws(MirrorError) {
    file = try attempt("keep what is told to", reader) { () throws(Errno) in
      let file = try Descriptor(inMemory: "bytes")
      try file.write(bytes)
      return file
    }
  }

  /// A path by which a program that we start opens it.
  package var path: String { file.pathForPrograms }
}

extension Descriptor {
  /// A file without a name, in memory, that no other program inherits.
  package init(inMemory name: String) throws(Errno) {
    self.init(owning: Int32(truncatingIfNeeded: try retrying { Int(clinux_memory_file(name)) }))
  }

  /// A path by which a program that we start opens the same file, whatever its names are by now.
  package var pathForPrograms: String { "/proc/\(getpid())/fd/\(raw)" }
}

import CLinux
import Glibc
package import SystemPackage

/// Bytes that a child program can read as a file during the life of this value; a killed run leaves nothing
/// behind.
package struct MemoryFile: ~Copyable, Sendable {
  private let file: Descriptor

  /// Stores bytes to be passed to `reader`.
  package init(_ bytes: [UInt8], for reader: String) throws(MirrorError) {
    file = try attempt("store its input", reader) { () throws(Errno) in
      let file = try Descriptor(inMemory: "bytes")
      try file.write(bytes)
      return file
    }
  }

  /// A path by which a child program can open it.
  package var path: String { file.pathForPrograms }
}

extension Descriptor {
  /// An unnamed file in memory that no other program inherits.
  package init(inMemory name: String) throws(Errno) {
    self.init(owning: Int32(truncatingIfNeeded: try retrying { Int(clinux_memory_file(name)) }))
  }

  /// A path by which a child program can open the same file, whatever its names are now.
  package var pathForPrograms: String { "/proc/\(getpid())/fd/\(raw)" }
}

import CLinux
import Glibc
package import SystemPackage

/// The running program: its command line, its file (even if `/proc` is not mounted), and its process.
package enum OwnProgram {
  /// The program's name and arguments; empty if it was started without even a name.
  package static let arguments: [String] = (0..<clinux_argument_count()).compactMap { index in
    clinux_argument(index).map { String(cString: $0) }
  }

  /// A path that starts it again: this very file if `/proc` is mounted, even if an upgrade replaced it.
  package static let path: FilePath = {
    let own: FilePath = "/proc/self/exe"
    if own.exists { return own }
    return clinux_program().map { FilePath(platformString: $0) } ?? own
  }()

  /// The process id.
  package static var pid: Int32 { getpid() }

  /// An environment variable.
  package static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// Ends the program.
  package static func exit(_ status: Int32) -> Never { Glibc.exit(status) }
}

import CLinux
import Glibc
package import SystemPackage

/// The running program: its command line, its file, also where `/proc` is not mounted, and its process.
package enum OwnProgram {
  /// The program's name and its arguments; nothing if it was started without even a name.
  package static let arguments: [String] = (0..<clinux_argument_count()).compactMap { index in
    clinux_argument(index).map { String(cString: $0) }
  }

  /// A path that starts it again: of this very file where `/proc` is there, even if an upgrade replaced it.
  package static let path: FilePath = {
    let own: FilePath = "/proc/self/exe"
    if own.exists { return own }
    return clinux_program().map { FilePath(platformString: $0) } ?? own
  }()

  /// The number of its process.
  package static var pid: Int32 { getpid() }

  /// A variable of its environment.
  package static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// Ends it.
  package static func exit(_ status: Int32) -> Never { Glibc.exit(status) }
}

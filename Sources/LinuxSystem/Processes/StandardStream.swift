import CLinux
import Glibc
package import SystemPackage

/// The descriptors that the program was started with.
package struct StandardStream: Sendable {
  package static let input = StandardStream(raw: STDIN_FILENO)
  package static let output = StandardStream(raw: STDOUT_FILENO)
  package static let errors = StandardStream(raw: STDERR_FILENO)

  private let raw: Int32

  /// Whether it is a terminal.
  package var isTerminal: Bool { isatty(raw) == 1 }

  /// The size of the terminal in characters; nil if it is none, or does not say.
  package var size: (columns: Int, rows: Int)? {
    var size = winsize()
    guard ioctl(raw, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return nil }
    return (Int(size.ws_col), Int(size.ws_row))
  }

  /// Whether it is open on this file.
  package func isOpen(on file: FileStatus) -> Bool {
    var status = clinux_status()
    guard clinux_status(raw, "", &status) == 0 else { return false }
    let own = FileStatus(status).identity
    return (own.device, own.inode) == (file.identity.device, file.identity.inode)
  }

  /// Writes all bytes; waits if another program made the shared file non-blocking.
  package func write(_ bytes: [UInt8]) throws(Errno) {
    var rest = bytes[...]
    while !rest.isEmpty {
      do throws(Errno) {
        let count = try retrying { rest.withUnsafeBytes { Glibc.write(raw, $0.baseAddress, $0.count) } }
        rest = rest.dropFirst(count)
      } catch {
        guard error == .resourceTemporarilyUnavailable else { throw error }
        var ready = pollfd(fd: raw, events: Int16(POLLOUT), revents: 0)
        poll(&ready, 1, -1)
      }
    }
  }

  /// Reports a write that the file system lost: some only report it when a descriptor is closed.
  package func checkWritten() throws(Errno) {
    let copy = dup(raw)
    if copy >= 0, close(copy) != 0 { throw lastErrno() }
  }
}

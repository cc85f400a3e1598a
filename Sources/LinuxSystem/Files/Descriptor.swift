import CLinux
import Glibc
package import SystemPackage

/// The only owner of an open file descriptor.
package struct Descriptor: ~Copyable {
  /// Its number, valid during the life of the owner.
  package let raw: Int32

  /// Takes ownership of an open descriptor, and closes it at the end.
  package init(owning raw: Int32) { self.raw = raw }

  deinit { close(raw) }

  /// A second owner of the same open file.
  package func duplicate() throws(Errno) -> Descriptor {
    Descriptor(owning: Int32(try retrying { Int(fcntl(raw, F_DUPFD_CLOEXEC, 0)) }))
  }

  /// The target of a symbolic link that is held by `O_PATH`, as written.
  package func linkText() throws(Errno) -> [UInt8] {
    var target = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = try retrying { readlinkat(raw, "", &target, target.count) }
    return target.prefix(count).map { UInt8(bitPattern: $0) }
  }

  /// `statx(2)` of the open file.
  package func status() throws(Errno) -> FileStatus {
    var raw = clinux_status()
    guard clinux_status(self.raw, "", &raw) == 0 else { throw lastErrno() }
    return FileStatus(raw)
  }

  /// Reads up to `buffer.count` bytes at `offset`; 0 at the end of the file.
  package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(Errno) -> Int {
    try retrying { pread(raw, buffer.baseAddress, buffer.count, off_t(offset)) }
  }

  /// The first `count` bytes of the file, or fewer if it is shorter.
  package func bytes(upTo count: Int) throws(Errno) -> [UInt8] { try bytes(from: 0, count: count) }

  /// `count` bytes from `offset`, or fewer if the file ends before.
  package func bytes(from offset: Int64, count: Int) throws(Errno) -> [UInt8] {
    var content: [UInt8] = []
    var read = 0
    // Mostly it ends long before a limit.
    while content.count < count {
      let filled = content.count
      content += [UInt8](repeating: 0, count: min(count - filled, max(1 << 16, filled)))
      let fault: Errno? = content.withUnsafeMutableBytes { buffer in
        do throws(Errno) {
          let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
          read = try self.read(into: rest, at: offset + Int64(filled))
          return nil
        } catch { return error }
      }
      if let fault { throw fault }
      content.removeLast(content.count - filled - read)
      if read == 0 { break }
    }
    return content
  }

  /// Writes all bytes at the file's position.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(Errno) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest)
      let count = try retrying { Glibc.write(raw, piece.baseAddress, piece.count) }
      rest = rest.dropFirst(count)
    }
  }

  /// Writes all bytes at an offset.
  package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(Errno) {
    var rest = bytes[...]
    var offset = off_t(offset)
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest)
      let count = try retrying { pwrite(raw, piece.baseAddress, piece.count, offset) }
      rest = rest.dropFirst(count)
      offset += off_t(count)
    }
  }

  /// The offset of the first data at or after `offset`; nil if there is none.
  package func data(from offset: Int64) throws(Errno) -> Int64? {
    do throws(Errno) { return Int64(try retrying { lseek(raw, off_t(offset), CLINUX_SEEK_DATA) }) } catch {
      guard error == .noSuchAddressOrDevice else { throw error }
      return nil
    }
  }

  /// The offset of the first hole at or after `offset`; the file's end counts as one.
  package func hole(from offset: Int64) throws(Errno) -> Int64 {
    Int64(try retrying { lseek(raw, off_t(offset), CLINUX_SEEK_HOLE) })
  }

  /// Moves the position at which C libraries begin to read.
  package func seek(to offset: Int64) throws(Errno) {
    guard lseek(raw, off_t(offset), SEEK_SET) >= 0 else { throw lastErrno() }
  }

  /// Sets the file's size, adding a hole if it grows.
  package func truncate(to size: Int64) throws(Errno) { try retrying { Int(ftruncate(raw, off_t(size))) } }

  /// Writes all bytes of an array.
  package func write(_ bytes: [UInt8]) throws(Errno) {
    let fault: Errno? = bytes.withUnsafeBytes { buffer in
      do throws(Errno) {
        try write(buffer)
        return nil
      } catch { return error }
    }
    if let fault { throw fault }
  }

  /// Sets the modification time, in nanoseconds since the epoch; later writes change it again.
  package func setTime(_ mtime: Int64) throws(Errno) { try retrying { Int(clinux_set_mtime(raw, mtime)) } }

  /// Changes the file's owner and group, which only root may do.
  package func setOwner(_ uid: UInt32, _ gid: UInt32) throws(Errno) {
    try retrying { Int(fchown(raw, uid, gid)) }
  }

  /// Sets the permission bits.
  package func setMode(_ mode: UInt32) throws(Errno) { try retrying { Int(fchmod(raw, mode)) } }

  /// Makes every write append to the file, even while another process writes to it.
  package func appendAlways() throws(Errno) { try retrying { Int(fcntl(raw, F_SETFL, O_APPEND)) } }

  /// `fsync(2)`.
  package func sync() throws(Errno) { _ = try retrying { Int(fsync(raw)) } }

  /// Makes all files of its file system durable.
  package func syncFileSystem() throws(Errno) { _ = try retrying { Int(clinux_sync_file_system(raw)) } }
}

/// The calling thread's last error.
package func lastErrno() -> Errno { Errno(rawValue: errno) }

/// Forgets it, for libraries that take an old error for that of their own call.
package func clearErrno() { errno = 0 }

/// Repeats a system call while a signal interrupts it; throws other errors.
@discardableResult
package func retrying(_ call: () -> Int) throws(Errno) -> Int {
  while true {
    let result = call()
    if result >= 0 { return result }
    let error = lastErrno()
    guard error == .interrupted else { throw error }
  }
}

/// Runs system calls on one file, and converts their error to one that names the operation and the file.
package func attempt<Result: ~Copyable>(
  _ operation: String, _ subject: @autoclosure () -> String, _ body: () throws(Errno) -> Result
) throws(MirrorError) -> Result {
  do throws(Errno) { return try body() } catch { throw .system(error, operation, subject()) }
}

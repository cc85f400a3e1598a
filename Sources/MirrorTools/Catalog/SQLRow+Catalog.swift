import LinuxSystem
import MirrorModel

extension SQLRow {
  func path(_ column: Int) -> MirrorPath { MirrorPath(bytes: bytes(column) ?? []) }

  /// The identity of a file in five columns; nil if one of them is NULL.
  func identity(from column: Int) -> FileIdentity? {
    guard let device = integer(column), let inode = integer(column + 1), let size = integer(column + 2),
      let mtime = integer(column + 3), let ctime = integer(column + 4)
    else { return nil }
    return FileIdentity(
      device: UInt64(bitPattern: device), inode: UInt64(bitPattern: inode), size: size, mtime: mtime,
      ctime: ctime)
  }
}

extension FileIdentity {
  /// Its five columns.
  var stored: [(any SQLStorable)?] {
    [Int64(bitPattern: device), Int64(bitPattern: inode), size, mtime, ctime]
  }
}

/// Names are bytes, of any encoding.
extension MirrorPath: SQLStorable { var stored: SQLValue { .blob(bytes) } }
extension FileName: SQLStorable { var stored: SQLValue { .blob(bytes) } }

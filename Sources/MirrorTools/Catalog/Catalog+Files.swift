import LinuxSystem
import Foundation
import GRDB

extension Catalog {
  /// A file other than a tarball, and its SHA-256.
  struct HashedFile: Sendable {
    let identity: FileIdentity
    let sha256: [UInt8]
  }

  /// All such files, by path.
  func hashedFiles() throws(MirrorError) -> [MirrorPath: HashedFile] {
    try access {
      try self.database.read { database in
        var files: [MirrorPath: HashedFile] = [:]
        let rows = try Row.fetchCursor(
          database, sql: "SELECT path, device, inode, size, mtime, ctime, sha256 FROM file")
        while let row = try rows.next() {
          guard let identity = Self.identity(row, from: 1) else { continue }
          files[MirrorPath(bytes: Self.bytes(row, 0) ?? [])] = HashedFile(
            identity: identity, sha256: Self.bytes(row, 6) ?? [])
        }
        return files
      }
    }
  }

  /// Adds or replaces some files, and removes others.
  func update(hashing files: [(MirrorPath, HashedFile)], forgetting gone: [MirrorPath]) throws(MirrorError) {
    guard !files.isEmpty || !gone.isEmpty else { return }
    try access {
      try self.database.write { database in
        let insert = try database.cachedStatement(
          sql: """
            INSERT OR REPLACE INTO file (path, device, inode, size, mtime, ctime, sha256)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """)
        for (path, file) in files {
          let identity = file.identity
          try insert.execute(arguments: [
            Data(path.bytes), Self.signed(identity.device), Self.signed(identity.inode), identity.size,
            identity.mtime, identity.ctime, Data(file.sha256),
          ])
        }
        let delete = try database.cachedStatement(sql: "DELETE FROM file WHERE path = ?")
        for path in gone { try delete.execute(arguments: [Data(path.bytes)]) }
      }
    }
  }
}

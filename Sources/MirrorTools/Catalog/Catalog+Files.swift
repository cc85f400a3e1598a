import LinuxSystem

extension Catalog {
  /// A file other than a tarball, and its SHA-256.
  struct HashedFile: Sendable {
    let identity: FileIdentity
    let sha256: [UInt8]
  }

  /// All such files, by path.
  func hashedFiles() throws(MirrorError) -> [MirrorPath: HashedFile] {
    try read { database throws(SQLFault) in
      var files: [MirrorPath: HashedFile] = [:]
      try database.forEach("SELECT path, device, inode, size, mtime, ctime, sha256 FROM file") { row in
        guard let identity = row.identity(from: 1) else { return }
        files[row.path(0)] = HashedFile(identity: identity, sha256: row.bytes(6) ?? [])
      }
      return files
    }
  }

  /// Adds or replaces some files, and removes others.
  func update(hashing files: [(MirrorPath, HashedFile)], forgetting gone: [MirrorPath]) throws(MirrorError) {
    guard !files.isEmpty || !gone.isEmpty else { return }
    try write { database throws(SQLFault) in
      let insert = try database.prepare(
        """
        INSERT OR REPLACE INTO file (path, device, inode, size, mtime, ctime, sha256)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """)
      for (path, file) in files {
        try insert.run([path] + file.identity.stored + [file.sha256])
      }
      let delete = try database.prepare("DELETE FROM file WHERE path = ?")
      for path in gone { try delete.run(path) }
    }
  }
}

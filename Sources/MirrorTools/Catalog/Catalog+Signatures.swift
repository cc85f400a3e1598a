import LinuxSystem

extension Catalog {
  /// A signature that was made or checked here.
  struct CheckedSignature: Hashable, Sendable {
    /// The file that contains it.
    let identity: FileIdentity
    /// The file that it signs.
    let signed: FileIdentity
    /// The fingerprint of the key that was pinned.
    let key: String

    /// Whether neither file nor the key changed since it was checked.
    func vouches(for identity: FileIdentity, of signed: FileIdentity, by key: String) -> Bool {
      identity.isSameFile(as: self.identity) && signed.isSameFile(as: self.signed) && key == self.key
    }
  }

  private static let signatureColumns = """
    path, device, inode, size, mtime, ctime,
    signed_device, signed_inode, signed_size, signed_mtime, signed_ctime, key
    """

  static func createSignatures(_ database: borrowing SQLConnection) throws(SQLFault) {
    try database.execute(
      """
      CREATE TABLE signature (
        path BLOB PRIMARY KEY NOT NULL,
        device INTEGER NOT NULL, inode INTEGER NOT NULL, size INTEGER NOT NULL,
        mtime INTEGER NOT NULL, ctime INTEGER NOT NULL,
        signed_device INTEGER NOT NULL, signed_inode INTEGER NOT NULL, signed_size INTEGER NOT NULL,
        signed_mtime INTEGER NOT NULL, signed_ctime INTEGER NOT NULL, key TEXT NOT NULL
      ) WITHOUT ROWID
      """)
  }

  /// All such signatures, by path.
  func checkedSignatures() throws(MirrorError) -> [MirrorPath: CheckedSignature] {
    try read { database throws(SQLFault) in
      var signatures: [MirrorPath: CheckedSignature] = [:]
      try database.forEach("SELECT \(Self.signatureColumns) FROM signature") { row in
        guard let identity = row.identity(from: 1), let signed = row.identity(from: 6) else { return }
        signatures[row.path(0)] = CheckedSignature(
          identity: identity, signed: signed, key: row.text(11) ?? "")
      }
      return signatures
    }
  }

  /// Adds or replaces some signatures, and removes others.
  func update(
    checked signatures: [(MirrorPath, CheckedSignature)], forgetting gone: [MirrorPath] = []
  ) throws(MirrorError) {
    guard !signatures.isEmpty || !gone.isEmpty else { return }
    try write { database throws(SQLFault) in
      let insert = try database.prepare(
        """
        INSERT OR REPLACE INTO signature (\(Self.signatureColumns)) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)
        """)
      for (path, signature) in signatures {
        try insert.run([path] + signature.identity.stored + signature.signed.stored + [signature.key])
      }
      let delete = try database.prepare("DELETE FROM signature WHERE path = ?")
      for path in gone { try delete.run(path) }
    }
  }
}

import LinuxSystem
import Foundation
import GRDB

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

  static func createSignatures(_ database: Database) throws {
    try database.execute(
      sql: """
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
    try access {
      try self.database.read { database in
        var signatures: [MirrorPath: CheckedSignature] = [:]
        let rows = try Row.fetchCursor(database, sql: "SELECT \(Self.signatureColumns) FROM signature")
        while let row = try rows.next() {
          guard let identity = Self.identity(row, from: 1), let signed = Self.identity(row, from: 6) else {
            continue
          }
          signatures[MirrorPath(bytes: Self.bytes(row, 0) ?? [])] = CheckedSignature(
            identity: identity, signed: signed, key: row[11])
        }
        return signatures
      }
    }
  }

  /// Adds or replaces some signatures, and removes others.
  func update(
    checked signatures: [(MirrorPath, CheckedSignature)], forgetting gone: [MirrorPath] = []
  ) throws(MirrorError) {
    guard !signatures.isEmpty || !gone.isEmpty else { return }
    try access {
      try self.database.write { database in
        let insert = try database.cachedStatement(
          sql: """
            INSERT OR REPLACE INTO signature (\(Self.signatureColumns)) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)
            """)
        for (path, signature) in signatures {
          let numbers = [signature.identity, signature.signed].flatMap { identity in
            [
              Self.signed(identity.device), Self.signed(identity.inode), identity.size, identity.mtime,
              identity.ctime,
            ]
          }
          var arguments: StatementArguments = [Data(path.bytes)]
          arguments += StatementArguments(numbers)
          arguments += [signature.key]
          try insert.execute(arguments: arguments)
        }
        let delete = try database.cachedStatement(sql: "DELETE FROM signature WHERE path = ?")
        for path in gone { try delete.execute(arguments: [Data(path.bytes)]) }
      }
    }
  }
}

extension Catalog {
  /// All columns, as `table.column`.
  static func columnNames(_ database: borrowing SQLConnection) throws(SQLFault) -> Set<String> {
    let names = try database.map(
      """
      SELECT t.name || '.' || c.name FROM sqlite_master t, pragma_table_info(t.name) c
      WHERE t.type = 'table'
      """
    ) { $0.text(0) }
    return Set(names)
  }

  /// The columns of a new catalog.
  static let expected: Set<String> =
    (try? inMemory()).flatMap { try? $0.read(columnNames) } ?? []

  /// Creates the tables, in the order in which versions of mirrorctl added them.
  static let migrations: [Migration] = [
    Migration(
      "1",
      """
      CREATE TABLE tarball (
        path BLOB PRIMARY KEY NOT NULL,
        device INTEGER NOT NULL, inode INTEGER NOT NULL, size INTEGER NOT NULL,
        mtime INTEGER NOT NULL, ctime INTEGER NOT NULL,
        sidecar_device INTEGER, sidecar_inode INTEGER, sidecar_size INTEGER,
        sidecar_mtime INTEGER, sidecar_ctime INTEGER,
        sha256 BLOB, sha512 BLOB, blake2b BLOB,
        hashed_at INTEGER, verified_at INTEGER, corrupt INTEGER NOT NULL
      ) WITHOUT ROWID
      """),
    Migration(
      "2",
      """
      CREATE TABLE build (
        subarch BLOB NOT NULL, version BLOB NOT NULL, at INTEGER NOT NULL, outcome TEXT NOT NULL,
        bytes INTEGER, seconds REAL, target TEXT, error TEXT, log BLOB,
        PRIMARY KEY (subarch, version, at)
      ) WITHOUT ROWID;
      CREATE TABLE run (
        verb TEXT PRIMARY KEY NOT NULL, at INTEGER NOT NULL, status INTEGER NOT NULL, succeeded INTEGER
      ) WITHOUT ROWID;
      """),
    Migration(
      "3",
      """
      CREATE TABLE superfluous (
        target TEXT NOT NULL, path BLOB NOT NULL, since INTEGER NOT NULL,
        PRIMARY KEY (target, path)
      ) WITHOUT ROWID
      """),
    Migration("damaged", "ALTER TABLE tarball ADD COLUMN damaged INTEGER NOT NULL DEFAULT 0"),
    Migration("places", createPlaces),
    Migration(
      "notices",
      "CREATE TABLE notice (name TEXT PRIMARY KEY NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID"),
    Migration(
      "publishing",
      """
      CREATE TABLE file (
        path BLOB PRIMARY KEY NOT NULL,
        device INTEGER NOT NULL, inode INTEGER NOT NULL, size INTEGER NOT NULL,
        mtime INTEGER NOT NULL, ctime INTEGER NOT NULL, sha256 BLOB NOT NULL
      ) WITHOUT ROWID;
      CREATE TABLE compared (
        target TEXT NOT NULL, path BLOB NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (target, path)
      ) WITHOUT ROWID;
      CREATE TABLE upload (target TEXT PRIMARY KEY NOT NULL, record BLOB NOT NULL) WITHOUT ROWID;
      CREATE TABLE cleaned (path BLOB PRIMARY KEY NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
      """),
    Migration("signatures", createSignatures),
    Migration("journal", createJournal),
  ]
}

import LinuxSystem
import Foundation
import GRDB
import SystemPackage

/// The journal: who did what to the mirror. Entries are only ever added.
extension Catalog {
  /// Creates the table. SQLite itself refuses to change or delete its rows.
  static func createJournal(_ database: Database) throws {
    try database.execute(
      sql: """
        CREATE TABLE journal (
          id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, at INTEGER NOT NULL,
          user TEXT NOT NULL, sudo_user TEXT, host TEXT NOT NULL, program TEXT NOT NULL,
          verb TEXT NOT NULL, action TEXT NOT NULL, path BLOB NOT NULL, reason TEXT, detail TEXT
        );
        CREATE TRIGGER journal_keeps_rows BEFORE DELETE ON journal
        BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END;
        CREATE TRIGGER journal_keeps_text BEFORE UPDATE ON journal
        BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END;
        CREATE TRIGGER journal_keeps_order BEFORE INSERT ON journal
        WHEN NEW.id IN (SELECT id FROM journal)
        BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END;
        """)
  }

  private static let journalColumns =
    "at, user, sudo_user, host, program, verb, action, path, reason, detail"
  /// Longer texts are cut: a reason may come from the command line.
  private static let textLimit = 4096

  /// Adds entries, in one transaction.
  func journal(
    _ deeds: [JournalEntry.Deed], by author: JournalAuthor, verb: String, at now: Int64
  ) throws(MirrorError) {
    guard !deeds.isEmpty else { return }
    try access {
      try self.database.write { database in
        let insert = try database.cachedStatement(
          sql: "INSERT INTO journal (\(Self.journalColumns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        for deed in deeds {
          try insert.execute(arguments: [
            now, author.user, author.sudoUser, author.host, author.program, verb, deed.action.rawValue,
            Data(deed.path.bytes), deed.reason?.cut(to: Self.textLimit),
            deed.detail?.cut(to: Self.textLimit),
          ])
        }
      }
    }
  }

  /// The entries since a time, in seconds since the epoch, oldest first; those of actions that only a newer
  /// program knows are left out.
  func journal(since: Int64) throws(MirrorError) -> [JournalEntry] {
    try access {
      try self.database.read { database in
        let rows = try Row.fetchCursor(
          database, sql: "SELECT id, \(Self.journalColumns) FROM journal WHERE at >= ? ORDER BY id",
          arguments: [since])
        var entries: [JournalEntry] = []
        while let row = try rows.next() {
          guard let action = (row[7] as String?).flatMap(JournalEntry.Action.init(rawValue:)) else {
            continue
          }
          entries.append(
            JournalEntry(
              id: row[0], at: row[1],
              author: JournalAuthor(user: row[2], sudoUser: row[3], host: row[4], program: row[5]),
              verb: row[6], action: action, path: MirrorPath(bytes: Self.bytes(row, 8) ?? []),
              reason: row[9], detail: row[10]))
        }
        return entries
      }
    }
  }

  /// Copies the journal of a broken catalog, as far as it can be read: nothing else of it is worth that.
  ///
  /// - Returns: whether all of it was copied.
  func adoptJournal(of broken: FilePath) -> Bool {
    var configuration = Configuration()
    configuration.readonly = true
    guard let source = try? DatabaseQueue(path: broken.string, configuration: configuration) else {
      return false
    }
    var rows: [Row] = []
    let isWhole: Void? = try? source.read { database in
      guard try database.tableExists("journal") else { return }
      let cursor = try Row.fetchCursor(
        database, sql: "SELECT id, \(Self.journalColumns) FROM journal ORDER BY id")
      while let row = try cursor.next() { rows.append(row.copy()) }
    }
    try? source.close()
    let marks = Array(repeating: "?", count: 11).joined(separator: ", ")
    let isCopied: Void? = try? database.write { database in
      let insert = try database.cachedStatement(
        sql: "INSERT INTO journal (id, \(Self.journalColumns)) VALUES (\(marks))")
      for row in rows { try insert.execute(arguments: StatementArguments(row.databaseValues)) }
    }
    return isWhole != nil && isCopied != nil
  }
}

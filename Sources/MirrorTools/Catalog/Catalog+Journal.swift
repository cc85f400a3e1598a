import LinuxSystem
import SystemPackage

/// The journal: who did what to the mirror. Entries are only ever added.
extension Catalog {
  /// Creates the table. SQLite itself refuses to change or delete its rows.
  static func createJournal(_ database: borrowing SQLConnection) throws(SQLFault) {
    try database.execute(
      """
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
    try write { database throws(SQLFault) in
      let insert = try database.prepare(
        "INSERT INTO journal (\(Self.journalColumns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      for deed in deeds {
        try insert.run(
          now, author.user, author.sudoUser, author.host, author.program, verb, deed.action.rawValue,
          deed.path, deed.reason?.cut(to: Self.textLimit),
          deed.detail?.cut(to: Self.textLimit))
      }
    }
  }

  /// The entries since a time, in seconds since the epoch, oldest first; those of actions that only a newer
  /// program knows are left out.
  func journal(since: Int64) throws(MirrorError) -> [JournalEntry] {
    try read { database throws(SQLFault) in
      let sql = "SELECT id, \(Self.journalColumns) FROM journal WHERE at >= ? ORDER BY id"
      return try database.map(sql, since) { row in
        guard let action = row.text(7).flatMap(JournalEntry.Action.init(rawValue:)) else { return nil }
        return JournalEntry(
          id: row.number(0), at: row.number(1),
          author: JournalAuthor(
            user: row.text(2) ?? "", sudoUser: row.text(3), host: row.text(4) ?? "",
            program: row.text(5) ?? ""),
          verb: row.text(6) ?? "", action: action, path: row.path(8), reason: row.text(9),
          detail: row.text(10))
      }
    }
  }

  /// Copies the journal of a broken catalog, as far as it can be read: nothing else of it is worth that.
  ///
  /// - Returns: whether all of it was copied.
  func adoptJournal(of broken: FilePath) -> Bool {
    guard let source = try? SQLConnection.opened(broken, isReadOnly: true) else { return false }
    var rows: [[SQLValue]] = []
    var isWhole = true
    do throws(SQLFault) {
      if try source.first("SELECT 1 FROM sqlite_master WHERE name = 'journal'", row: { $0.number(0) }) != nil
      {
        try source.forEach("SELECT id, \(Self.journalColumns) FROM journal ORDER BY id") { row in
          rows.append((0..<11).map(row.value))
        }
      }
    } catch { isWhole = false }
    let marks = Array(repeating: "?", count: 11).joined(separator: ", ")
    let copied = rows
    let isCopied: Void? = try? write { database throws(SQLFault) in
      let insert = try database.prepare(
        "INSERT INTO journal (id, \(Self.journalColumns)) VALUES (\(marks))")
      for row in copied { try insert.run(row) }
    }
    return isWhole && isCopied != nil
  }
}

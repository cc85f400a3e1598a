public import LinuxSystem
import Foundation
import GRDB

extension Catalog {
  /// Since when a destination's files are known to be superfluous, in seconds since the epoch.
  func superfluous(at destination: String) throws(MirrorError) -> [MirrorPath: Int64] {
    try times("SELECT path, since FROM superfluous WHERE target = ?", [destination])
  }

  /// Remembers that exactly these are superfluous at a destination.
  func setSuperfluous(_ paths: [MirrorPath: Int64], at destination: String) throws(MirrorError) {
    try access {
      try self.database.write { database in
        try database.execute(sql: "DELETE FROM superfluous WHERE target = ?", arguments: [destination])
        let insert = try database.cachedStatement(
          sql: "INSERT INTO superfluous (target, path, since) VALUES (?, ?, ?)")
        for (path, since) in paths { try insert.execute(arguments: [destination, Data(path.bytes), since]) }
      }
    }
  }

  /// When the files of a destination were last compared with those here, in seconds since the epoch.
  func compared(at destination: String) throws(MirrorError) -> [MirrorPath: Int64] {
    try times("SELECT path, at FROM compared WHERE target = ?", [destination])
  }

  /// Remembers that these files were compared now, and forgets others.
  func note(
    compared paths: [MirrorPath], forgetting gone: [MirrorPath], at destination: String, now: Int64
  ) throws(MirrorError) {
    try access {
      try self.database.write { database in
        let insert = try database.cachedStatement(
          sql: "INSERT OR REPLACE INTO compared (target, path, at) VALUES (?, ?, ?)")
        for path in paths { try insert.execute(arguments: [destination, Data(path.bytes), now]) }
        let delete = try database.cachedStatement(sql: "DELETE FROM compared WHERE target = ? AND path = ?")
        for path in gone { try delete.execute(arguments: [destination, Data(path.bytes)]) }
      }
    }
  }

  /// What was uploaded to a destination, where others put it into place.
  func uploadRecord(of destination: String) throws(MirrorError) -> SentRecord? {
    try access {
      try self.database.read { database in
        let row = try Row.fetchOne(
          database, sql: "SELECT record FROM upload WHERE target = ?", arguments: [destination])
        return row.flatMap { Self.bytes($0, 0) }.flatMap { SentRecord($0) }
      }
    }
  }

  /// Remembers what was uploaded to a destination.
  func set(uploadRecord record: SentRecord, of destination: String) throws(MirrorError) {
    try access {
      try self.database.write { database in
        try database.execute(
          sql: "INSERT OR REPLACE INTO upload (target, record) VALUES (?, ?)",
          arguments: [destination, Data(record.text)])
      }
    }
  }

  /// How long it is remembered what was cleaned, in seconds.
  private static let cleanedMemory: Int64 = 366 * 86_400

  /// Remembers what `clean` removed: that it is deleted at other places too is no surprise.
  public func note(cleaned report: CleanReport, now: Int64) throws(MirrorError) {
    let paths = report.removed.flatMap(\.paths)
    guard !paths.isEmpty else { return }
    try access {
      try self.database.write { database in
        let insert = try database.cachedStatement(
          sql: "INSERT OR REPLACE INTO cleaned (path, at) VALUES (?, ?)")
        for path in paths { try insert.execute(arguments: [Data(path.bytes), now]) }
        try database.execute(
          sql: "DELETE FROM cleaned WHERE at < ?", arguments: [now - Self.cleanedMemory])
      }
    }
  }

  /// Files and directories that `clean` removed here.
  func cleaned() throws(MirrorError) -> Set<MirrorPath> {
    Set(try times("SELECT path, at FROM cleaned", []).keys)
  }

  private func times(_ sql: String, _ arguments: StatementArguments) throws(MirrorError) -> [MirrorPath:
    Int64]
  {
    try access {
      try self.database.read { database in
        let rows = try Row.fetchAll(database, sql: sql, arguments: arguments)
        return Dictionary(rows.map { (MirrorPath(bytes: Self.bytes($0, 0) ?? []), $0[1] as Int64) }) {
          min($0, $1)
        }
      }
    }
  }
}

public import LinuxSystem
import Foundation
import GRDB

extension Catalog {
  /// Files that are superfluous at a destination, with the time when that was first seen, in seconds since
  /// the epoch.
  func superfluous(at destination: String) throws(MirrorError) -> [MirrorPath: Int64] {
    try times("SELECT path, since FROM superfluous WHERE target = ?", [destination])
  }

  /// Records exactly these files as superfluous at a destination.
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

  /// Records that these files were compared now, and removes other entries.
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

  /// The record of uploads to a destination that moves them into place itself.
  func uploadRecord(of destination: String) throws(MirrorError) -> SentRecord? {
    try access {
      try self.database.read { database in
        let row = try Row.fetchOne(
          database, sql: "SELECT record FROM upload WHERE target = ?", arguments: [destination])
        return row.flatMap { Self.bytes($0, 0) }.flatMap { SentRecord($0) }
      }
    }
  }

  /// Stores the record of uploads to a destination.
  func set(uploadRecord record: SentRecord, of destination: String) throws(MirrorError) {
    try access {
      try self.database.write { database in
        try database.execute(
          sql: "INSERT OR REPLACE INTO upload (target, record) VALUES (?, ?)",
          arguments: [destination, Data(record.text)])
      }
    }
  }

  /// How long cleaned paths are kept in the catalog, in seconds.
  private static let cleanedMemory: Int64 = 366 * 86_400

  /// Records what `clean` removed: the deletion of these files at destinations is expected.
  public func note(cleaned report: CleanReport, now: Int64) throws(MirrorError) {
    try note(cleaned: report.removed.flatMap(\.paths), now: now)
  }

  /// Records files that were removed here on purpose.
  func note(cleaned paths: [MirrorPath], now: Int64) throws(MirrorError) {
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

public import LinuxSystem

extension Catalog {
  /// Files that are superfluous at a destination, with the time when that was first seen, in seconds since
  /// the epoch.
  func superfluous(at destination: String) throws(MirrorError) -> [MirrorPath: Int64] {
    try times("SELECT path, since FROM superfluous WHERE target = ?", destination)
  }

  /// Records exactly these files as superfluous at a destination.
  func setSuperfluous(_ paths: [MirrorPath: Int64], at destination: String) throws(MirrorError) {
    try write { database throws(SQLFault) in
      try database.run("DELETE FROM superfluous WHERE target = ?", destination)
      let insert = try database.prepare("INSERT INTO superfluous (target, path, since) VALUES (?, ?, ?)")
      for (path, since) in paths { try insert.run(destination, path, since) }
    }
  }

  /// When the files of a destination were last compared with those here, in seconds since the epoch.
  func compared(at destination: String) throws(MirrorError) -> [MirrorPath: Int64] {
    try times("SELECT path, at FROM compared WHERE target = ?", destination)
  }

  /// Records that these files were compared now, and removes other entries.
  func note(
    compared paths: [MirrorPath], forgetting gone: [MirrorPath], at destination: String, now: Int64
  ) throws(MirrorError) {
    try write { database throws(SQLFault) in
      let insert = try database.prepare("INSERT OR REPLACE INTO compared (target, path, at) VALUES (?, ?, ?)")
      for path in paths { try insert.run(destination, path, now) }
      let delete = try database.prepare("DELETE FROM compared WHERE target = ? AND path = ?")
      for path in gone { try delete.run(destination, path) }
    }
  }

  /// The record of uploads to a destination that moves them into place itself.
  func uploadRecord(of destination: String) throws(MirrorError) -> SentRecord? {
    try read { database throws(SQLFault) in
      let record = try database.first("SELECT record FROM upload WHERE target = ?", destination) {
        $0.bytes(0)
      }
      return record.flatMap { SentRecord($0) }
    }
  }

  /// Stores the record of uploads to a destination.
  func set(uploadRecord record: SentRecord, of destination: String) throws(MirrorError) {
    try write { database throws(SQLFault) in
      try database.run(
        "INSERT OR REPLACE INTO upload (target, record) VALUES (?, ?)", destination, record.text)
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
    try write { database throws(SQLFault) in
      let insert = try database.prepare("INSERT OR REPLACE INTO cleaned (path, at) VALUES (?, ?)")
      for path in paths { try insert.run(path, now) }
      try database.run("DELETE FROM cleaned WHERE at < ?", now - Self.cleanedMemory)
    }
  }

  /// Files and directories that `clean` removed here.
  func cleaned() throws(MirrorError) -> Set<MirrorPath> {
    Set(try times("SELECT path, at FROM cleaned").keys)
  }

  private func times(
    _ sql: String, _ values: (any SQLStorable)?...
  ) throws(MirrorError) -> [MirrorPath: Int64] {
    try read { database throws(SQLFault) in
      var times: [MirrorPath: Int64] = [:]
      try database.prepare(sql).run(values) { row in
        times[row.path(0)] = row.number(1)
        return true
      }
      return times
    }
  }
}

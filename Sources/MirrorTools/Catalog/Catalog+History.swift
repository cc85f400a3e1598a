public import LinuxSystem
public import MirrorModel
import Foundation
import GRDB

extension Catalog {
  /// Records the builds of all versions that are not recorded yet, or whose result differs from the record.
  public func note(_ mirror: Mirror, now: Int64) throws(MirrorError) {
    let known = try builds()
    let fresh = mirror.subarches.flatMap { BuildRecord.fresh(of: $0, known: known[$0.path] ?? [], now: now) }
    try note(fresh)
  }

  /// Records builds.
  public func note(_ builds: [BuildRecord]) throws(MirrorError) {
    guard !builds.isEmpty else { return }
    try access {
      try self.database.write { database in
        let insert = try database.cachedStatement(
          sql: """
            INSERT OR REPLACE INTO build (subarch, version, at, outcome, bytes, seconds, target, error, log)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        for build in builds {
          try insert.execute(arguments: [
            Data(build.subarch.bytes), Data(build.version.bytes), build.at, build.outcome.rawValue,
            build.bytes, build.seconds, build.target, build.error, build.log.map { Data($0.bytes) },
          ])
        }
      }
    }
  }

  /// Deletes records of builds.
  func forget(_ builds: [BuildRecord]) throws(MirrorError) {
    guard !builds.isEmpty else { return }
    try access {
      try self.database.write { database in
        let delete = try database.cachedStatement(
          sql: "DELETE FROM build WHERE subarch = ? AND version = ? AND at = ?")
        for build in builds {
          try delete.execute(arguments: [
            Data(build.subarch.bytes), Data(build.version.bytes), build.at,
          ])
        }
      }
    }
  }

  /// All recorded builds, by subarch; by version, then oldest first.
  public func builds() throws(MirrorError) -> [MirrorPath: [BuildRecord]] {
    try access {
      try self.database.read { database in
        var builds: [MirrorPath: [BuildRecord]] = [:]
        let rows = try Row.fetchCursor(
          database,
          sql: """
            SELECT subarch, version, at, outcome, bytes, seconds, target, error, log FROM build
            ORDER BY subarch, at
            """)
        while let row = try rows.next() {
          guard let outcome = (row[3] as String?).flatMap(BuildRecord.Outcome.init(rawValue:)) else {
            continue
          }
          let subarch = MirrorPath(bytes: Self.bytes(row, 0) ?? [])
          builds[subarch, default: []].append(
            BuildRecord(
              subarch: subarch, version: FileName(bytes: Self.bytes(row, 1) ?? []), at: row[2],
              outcome: outcome, bytes: row[4], seconds: row[5], target: row[6], error: row[7],
              log: Self.bytes(row, 8).map { MirrorPath(bytes: $0) }))
        }
        // The bytes of days and moments do not sort by time.
        return builds.mapValues { $0.sorted { $0.isEarlier(than: $1) } }
      }
    }
  }

  /// Records that a verb, or publishing to one destination, ended now with this exit status.
  public func note(run verb: String, status: Int32, at now: Int64) throws(MirrorError) {
    try access {
      try self.database.write { database in
        try database.execute(
          sql: """
            INSERT INTO run (verb, at, status, succeeded) VALUES (?, ?, ?, ?)
            ON CONFLICT (verb) DO UPDATE SET at = excluded.at, status = excluded.status,
              succeeded = coalesce(excluded.succeeded, succeeded)
            """, arguments: [verb, now, status, status == 0 ? now : nil])
      }
    }
  }

  /// When each verb last ran, and when each destination was last published to.
  public func runs() throws(MirrorError) -> [String: RunRecord] {
    try access {
      try self.database.read { database in
        let rows = try Row.fetchAll(database, sql: "SELECT verb, at, status, succeeded FROM run")
        return Dictionary(
          rows.map { ($0[0] as String, RunRecord(at: $0[1], status: $0[2], succeeded: $0[3])) }
        ) { $1 }
      }
    }
  }

  /// Tarballs of a mirror recorded as corrupt that have not changed since then.
  public func corrupt(in mirror: Mirror) throws(MirrorError) -> [MirrorPath] {
    try flagged(.corrupt, in: mirror).map(\.path)
  }

  /// The mirror with its damaged tarballs marked: those recorded as damaged that have not changed since then.
  public func marking(_ mirror: Mirror) throws(MirrorError) -> Mirror {
    let damaged = try flagged(.damaged, in: mirror).map { ($0.path, $0.record.fault ?? .cutOff) }
    return mirror.marking(damaged: Dictionary(damaged) { $1 })
  }

  private func flagged(
    _ flag: Flag, in mirror: Mirror
  ) throws(MirrorError) -> [(path: MirrorPath, record: CatalogRecord)] {
    let records = try records(only: flag)
    guard !records.isEmpty else { return [] }
    return mirror.folders.flatMap { folder in
      folder.tarballs.compactMap { tarball in
        records[tarball.path].flatMap {
          tarball.status.identity.isSameFile(as: $0.identity) ? (tarball.path, $0) : nil
        }
      }
    }
  }
}

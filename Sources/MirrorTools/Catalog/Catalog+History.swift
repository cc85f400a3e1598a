public import LinuxSystem
public import MirrorModel

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
    try write { database throws(SQLFault) in
      let insert = try database.prepare(
        """
        INSERT OR REPLACE INTO build (subarch, version, at, outcome, bytes, seconds, target, error, log)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
      for build in builds {
        try insert.run(
          build.subarch, build.version, build.at, build.outcome.rawValue,
          build.bytes, build.seconds, build.target, build.error, build.log)
      }
    }
  }

  /// Deletes records of builds.
  func forget(_ builds: [BuildRecord]) throws(MirrorError) {
    guard !builds.isEmpty else { return }
    try write { database throws(SQLFault) in
      let delete = try database.prepare("DELETE FROM build WHERE subarch = ? AND version = ? AND at = ?")
      for build in builds {
        try delete.run(build.subarch, build.version, build.at)
      }
    }
  }

  /// All recorded builds, by subarch; by version, then oldest first.
  public func builds() throws(MirrorError) -> [MirrorPath: [BuildRecord]] {
    try read { database throws(SQLFault) in
      var builds: [MirrorPath: [BuildRecord]] = [:]
      try database.forEach(
        """
        SELECT subarch, version, at, outcome, bytes, seconds, target, error, log FROM build
        ORDER BY subarch, at
        """
      ) { row in
        guard let outcome = row.text(3).flatMap(BuildRecord.Outcome.init(rawValue:)) else { return }
        let subarch = row.path(0)
        builds[subarch, default: []].append(
          BuildRecord(
            subarch: subarch, version: FileName(bytes: row.bytes(1) ?? []), at: row.number(2),
            outcome: outcome, bytes: row.integer(4), seconds: row.real(5), target: row.text(6),
            error: row.text(7), log: row.bytes(8).map { MirrorPath(bytes: $0) }))
      }
      // The bytes of days and moments do not sort by time.
      return builds.mapValues { $0.sorted { $0.isEarlier(than: $1) } }
    }
  }

  /// Records that a verb, or publishing to one destination, ended now with this exit status.
  public func note(run verb: String, status: Int32, at now: Int64) throws(MirrorError) {
    try write { database throws(SQLFault) in
      try database.run(
        """
        INSERT INTO run (verb, at, status, succeeded) VALUES (?, ?, ?, ?)
        ON CONFLICT (verb) DO UPDATE SET at = excluded.at, status = excluded.status,
          succeeded = coalesce(excluded.succeeded, succeeded)
        """, verb, now, status, status == 0 ? now : nil)
    }
  }

  /// When each verb last ran, and when each destination was last published to.
  public func runs() throws(MirrorError) -> [String: RunRecord] {
    try read { database throws(SQLFault) in
      let runs = try database.map("SELECT verb, at, status, succeeded FROM run") { row in
        let status = Int32(truncatingIfNeeded: row.number(2))
        return (row.text(0) ?? "", RunRecord(at: row.number(1), status: status, succeeded: row.integer(3)))
      }
      return Dictionary(runs) { $1 }
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

import MirrorModel
import LinuxSystem

extension Catalog {
  /// Subarches and snapshot directories where runs found tarballs; nil if none were ever recorded.
  func places() throws(MirrorError) -> Set<MirrorPath>? {
    try read { database throws(SQLFault) in
      let paths = try database.map("SELECT path FROM place") { $0.path(0) }
      return paths.isEmpty ? nil : Set(paths.filter { !$0.bytes.isEmpty })
    }
  }

  /// Records that tarballs were found in these places.
  func note(places: Set<MirrorPath>) throws(MirrorError) {
    if let known = try self.places(), known.isSuperset(of: places) { return }
    try write { database throws(SQLFault) in try Self.insert(places, database) }
  }

  /// Removes the places and tarballs at and below a path; returns the number of tarballs.
  func forget(below path: MirrorPath) throws(MirrorError) -> Int {
    let slash = UInt8(ascii: "/")
    let isRoot = path.bytes.isEmpty
    let condition = isRoot ? "path <> x''" : "path = ? OR (path > ? AND path < ?)"
    let bounds = isRoot ? [] : [path.bytes, path.bytes + [slash], path.bytes + [slash + 1]]
    return try write { database throws(SQLFault) in
      try database.prepare("DELETE FROM place WHERE \(condition)").run(bounds)
      try database.prepare("DELETE FROM tarball WHERE \(condition)").run(bounds)
      return database.changes
    }
  }

  /// Creates the table, and fills it from the known tarballs.
  static func createPlaces(_ database: borrowing SQLConnection) throws(SQLFault) {
    try database.execute("CREATE TABLE place (path BLOB PRIMARY KEY NOT NULL) WITHOUT ROWID")
    let places = Set(try database.map("SELECT path FROM tarball") { $0.path(0).section })
    if !places.isEmpty { try insert(places, database) }
  }

  private static func insert(
    _ places: Set<MirrorPath>, _ database: borrowing SQLConnection
  ) throws(SQLFault) {
    let insert = try database.prepare("INSERT OR IGNORE INTO place (path) VALUES (?)")
    // The empty path shows that places were recorded, even if there are none.
    for path in places.union([.root]) { try insert.run(path) }
  }
}

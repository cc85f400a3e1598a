import MirrorModel
import LinuxSystem
import Foundation
import GRDB

extension Catalog {
  /// Subarches and snapshot directories where runs found tarballs; nil if none were ever recorded.
  func places() throws(MirrorError) -> Set<MirrorPath>? {
    try access {
      try self.database.read { database in
        let paths = try Row.fetchAll(database, sql: "SELECT path FROM place").map {
          MirrorPath(bytes: Self.bytes($0, 0) ?? [])
        }
        return paths.isEmpty ? nil : Set(paths.filter { !$0.bytes.isEmpty })
      }
    }
  }

  /// Records that tarballs were found in these places.
  func note(places: Set<MirrorPath>) throws(MirrorError) {
    if let known = try self.places(), known.isSuperset(of: places) { return }
    try access {
      try self.database.write { database in try Self.insert(places, database) }
    }
  }

  /// Removes the places and tarballs at and below a path; returns the number of tarballs.
  func forget(below path: MirrorPath) throws(MirrorError) -> Int {
    let slash = UInt8(ascii: "/")
    let isRoot = path.bytes.isEmpty
    let condition = isRoot ? "path <> x''" : "path = ? OR (path > ? AND path < ?)"
    let bounds = [path.bytes, path.bytes + [slash], path.bytes + [slash + 1]].map { Data($0) }
    return try access {
      try self.database.write { database in
        let arguments = isRoot ? StatementArguments() : StatementArguments(bounds)
        try database.execute(sql: "DELETE FROM place WHERE \(condition)", arguments: arguments)
        try database.execute(sql: "DELETE FROM tarball WHERE \(condition)", arguments: arguments)
        return database.changesCount
      }
    }
  }

  /// Creates the table, and fills it from the known tarballs.
  static func createPlaces(_ database: Database) throws {
    try database.execute(sql: "CREATE TABLE place (path BLOB PRIMARY KEY NOT NULL) WITHOUT ROWID")
    var places: Set<MirrorPath> = []
    let rows = try Row.fetchCursor(database, sql: "SELECT path FROM tarball")
    while let row = try rows.next() {
      if let place = MirrorPath(bytes: bytes(row, 0) ?? []).section { places.insert(place) }
    }
    if !places.isEmpty { try insert(places, database) }
  }

  private static func insert(_ places: Set<MirrorPath>, _ database: Database) throws {
    let statement = try database.cachedStatement(sql: "INSERT OR IGNORE INTO place (path) VALUES (?)")
    // The empty path shows that places were recorded, even if there are none.
    for path in places.union([.root]) { try statement.execute(arguments: [Data(path.bytes)]) }
  }
}

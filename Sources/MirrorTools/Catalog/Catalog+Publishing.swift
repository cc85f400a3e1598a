import Foundation
import GRDB

extension Catalog {
  /// Since when a target's files are known to be superfluous, in seconds since the epoch.
  func superfluous(at target: String) throws(MirrorError) -> [MirrorPath: Int64] {
    try access {
      try self.database.read { database in
        let rows = try Row.fetchAll(
          database, sql: "SELECT path, since FROM superfluous WHERE target = ?", arguments: [target])
        return Dictionary(rows.map { (MirrorPath(bytes: Self.bytes($0, 0) ?? []), $0[1] as Int64) }) {
          min($0, $1)
        }
      }
    }
  }

  /// Remembers that exactly these are superfluous at a target.
  func setSuperfluous(_ paths: [MirrorPath: Int64], at target: String) throws(MirrorError) {
    try access {
      try self.database.write { database in
        try database.execute(sql: "DELETE FROM superfluous WHERE target = ?", arguments: [target])
        let insert = try database.cachedStatement(sql: "INSERT INTO superfluous VALUES (?, ?, ?)")
        for (path, since) in paths { try insert.execute(arguments: [target, Data(path.bytes), since]) }
      }
    }
  }
}

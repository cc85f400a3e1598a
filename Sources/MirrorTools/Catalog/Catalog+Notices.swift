public import LinuxSystem
import Foundation
import GRDB

extension Catalog {
  /// Whether something is to be said that is said once a day at most; if so it counts as said now.
  ///
  /// - Parameters:
  ///   - notice: what is said.
  ///   - now: seconds since the epoch.
  public func isDue(_ notice: String, at now: Int64) throws(MirrorError) -> Bool {
    try access {
      try self.database.write { database in
        let last = try Int64.fetchOne(
          database, sql: "SELECT at FROM notice WHERE name = ?", arguments: [notice])
        // A clock that was ahead once must not silence it for years.
        if let last, last <= now, now - last < 86_400 { return false }
        try database.execute(
          sql: "INSERT OR REPLACE INTO notice (name, at) VALUES (?, ?)", arguments: [notice, now])
        return true
      }
    }
  }
}

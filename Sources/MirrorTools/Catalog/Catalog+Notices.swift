public import LinuxSystem
import Foundation
import GRDB

extension Catalog {
  /// Whether a notice that is printed at most once a day is due; if so, it is recorded as printed now.
  ///
  /// - Parameters:
  ///   - notice: the text of the notice.
  ///   - now: seconds since the epoch.
  public func isDue(_ notice: String, at now: Int64) throws(MirrorError) -> Bool {
    try access {
      try self.database.write { database in
        let last = try Int64.fetchOne(
          database, sql: "SELECT at FROM notice WHERE name = ?", arguments: [notice])
        // If the clock was ahead once, this must not suppress the notice for years.
        if let last, last <= now, now - last < 86_400 { return false }
        try database.execute(
          sql: "INSERT OR REPLACE INTO notice (name, at) VALUES (?, ?)", arguments: [notice, now])
        return true
      }
    }
  }
}

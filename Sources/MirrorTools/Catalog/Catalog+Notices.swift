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

  /// Those of some notices that were never printed; they are recorded as printed now.
  ///
  /// Records of the same group that are not among them are forgotten, so that they are printed if they apply again.
  ///
  /// - Parameters:
  ///   - group: what the notices are about, `unclaimed`.
  ///   - now: seconds since the epoch.
  func fresh(_ notices: [String], of group: String, at now: Int64) throws(MirrorError) -> Set<String> {
    let prefix = group + " "
    return try access {
      try self.database.write { database in
        let names = try String.fetchAll(
          database, sql: "SELECT name FROM notice WHERE substr(name, 1, ?) = ?",
          arguments: [prefix.count, prefix])
        let known = Set(names.map { String($0.dropFirst(prefix.count)) })
        let wanted = Set(notices)
        for name in known.subtracting(wanted) {
          try database.execute(sql: "DELETE FROM notice WHERE name = ?", arguments: [prefix + name])
        }
        let fresh = wanted.subtracting(known)
        for name in fresh {
          try database.execute(
            sql: "INSERT INTO notice (name, at) VALUES (?, ?)", arguments: [prefix + name, now])
        }
        return fresh
      }
    }
  }
}

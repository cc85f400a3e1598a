public import LinuxSystem

extension Catalog {
  /// Whether a notice that is printed at most once a day is due; if so, it is recorded as printed now.
  ///
  /// - Parameters:
  ///   - notice: the text of the notice.
  ///   - now: seconds since the epoch.
  public func isDue(_ notice: String, at now: Int64) throws(MirrorError) -> Bool {
    try write { database throws(SQLFault) in
      let last = try database.first("SELECT at FROM notice WHERE name = ?", notice) { $0.integer(0) }
      // If the clock was ahead once, this must not suppress the notice for years.
      if let last, last <= now, now - last < 86_400 { return false }
      try database.run("INSERT OR REPLACE INTO notice (name, at) VALUES (?, ?)", notice, now)
      return true
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
    return try write { database throws(SQLFault) in
      let names = try database.map(
        "SELECT name FROM notice WHERE substr(name, 1, ?) = ?", prefix.count, prefix
      ) { $0.text(0) }
      let known = Set(names.map { String($0.dropFirst(prefix.count)) })
      let wanted = Set(notices)
      for name in known.subtracting(wanted) {
        try database.run("DELETE FROM notice WHERE name = ?", prefix + name)
      }
      let fresh = wanted.subtracting(known)
      for name in fresh {
        try database.run("INSERT INTO notice (name, at) VALUES (?, ?)", prefix + name, now)
      }
      return fresh
    }
  }
}

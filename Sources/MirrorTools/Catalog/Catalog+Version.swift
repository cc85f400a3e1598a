import LinuxSystem
import SystemPackage

/// The version of mirrorctl that a catalog needs: SQLite's `user_version` is that of the newest one that wrote it.
extension Catalog {
  /// The version that wrote a catalog; 0 if it is not known.
  static func writer(_ database: borrowing SQLConnection) throws(SQLFault) -> Int {
    Int(try database.first("PRAGMA user_version") { $0.number(0) } ?? 0)
  }

  /// Records this version, unless a newer one wrote the catalog.
  static func noteWriter(_ database: borrowing SQLConnection) throws(SQLFault) {
    guard try writer(database) < ToolVersion.number else { return }
    try database.execute("PRAGMA user_version = \(ToolVersion.number)")
  }

  /// The error for a catalog whose tables this version does not know.
  static func newer(_ path: FilePath, _ writer: Int) -> MirrorError {
    let version =
      writer > ToolVersion.number
      ? "mirrorctl \(ToolVersion.text(of: writer))" : "a newer mirrorctl than this \(ToolVersion.text)"
    return MirrorError(
      .library, "\(path)", "the catalog was written by \(version)",
      remedy:
        "install that version here again; this run continues without the catalog, and does not change it")
  }
}

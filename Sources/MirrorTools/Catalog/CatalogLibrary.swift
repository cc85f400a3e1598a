import GRDBSQLite
package import LinuxSystem

extension LibraryVersion {
  /// The library of the catalog.
  package static var catalog: [LibraryVersion] { [LibraryVersion("sqlite", sqlite3_libversion())] }
}

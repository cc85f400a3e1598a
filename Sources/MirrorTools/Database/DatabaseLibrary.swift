import CSQLite
package import LinuxSystem

extension LibraryVersion {
  /// The library that stores the catalog.
  package static var catalog: [LibraryVersion] { [LibraryVersion("sqlite", sqlite3_libversion())] }
}

import Glibc
package import SystemPackage

extension FilePath {
  /// The bytes that this user can still write on the file system of a path, or of its nearest existing parent; nil if
  /// that is not known.
  package var freeBytes: Int64? {
    var path = normalized
    while !path.exists, path.removeLastComponent() {}
    var system = statvfs()
    guard statvfs(path.isEmpty ? "." : path.string, &system) == 0 else { return nil }
    let (bytes, overflow) = UInt64(system.f_bavail).multipliedReportingOverflow(by: UInt64(system.f_frsize))
    return overflow ? .max : Int64(clamping: bytes)
  }
}

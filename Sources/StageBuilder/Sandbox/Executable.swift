import Glibc

/// Host programs.
enum Executable {
  /// The path of a program: in `PATH`, or in the usual system directories.
  static func find(_ name: String) -> String? {
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    return (path + ":/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin").split(separator: ":").lazy
      .map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }
}

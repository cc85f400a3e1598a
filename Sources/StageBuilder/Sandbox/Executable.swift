import Glibc

/// Programs of the host.
enum Executable {
  /// Where one lies: in `PATH`, or where systems have theirs.
  static func find(_ name: String) -> String? {
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    return (path + ":/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin").split(separator: ":").lazy
      .map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }
}

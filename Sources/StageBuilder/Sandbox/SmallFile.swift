import Glibc
import MirrorTools
import SystemPackage

/// Files of the system that are small, as those in `/proc`.
enum SmallFile {
  /// The first bytes of one, up to `limit`; nil if it cannot be read.
  static func text(_ path: String, limit: Int = 1 << 16) -> String? {
    let raw = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
    guard raw >= 0 else { return nil }
    let file = Descriptor(owning: raw)
    return (try? file.bytes(upTo: limit)).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The number that one holds.
  static func number(_ path: String) -> Int? {
    text(path).flatMap { Int($0.split(whereSeparator: \.isWhitespace).first ?? "") }
  }
}

/// Programs of the host.
enum Executable {
  /// Where one lies: in `PATH`, or where systems have theirs.
  static func find(_ name: String) -> String? {
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    return (path + ":/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin").split(separator: ":").lazy
      .map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }
}

import LinuxSystem

/// An entry of a listing.
enum ListedNode: Hashable, Sendable {
  /// Size in bytes, and modification time in whole seconds since the epoch.
  case file(size: Int64, seconds: Int64)
  /// The target of a symbolic link.
  case link([UInt8])
  case directory
  case other

  /// Size of a file in bytes; 0 for other entries.
  var size: Int64 {
    if case .file(let size, _) = self { return size }
    return 0
  }

  /// Creates an entry from the result of `statx(2)`.
  init(_ status: FileStatus) {
    self = .file(size: status.size, seconds: Self.seconds(status.identity.mtime))
  }

  /// Whole seconds, rounded down.
  private static func seconds(_ nanoseconds: Int64) -> Int64 {
    let (quotient, remainder) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    return remainder < 0 ? quotient - 1 : quotient
  }
}

/// A file or link of the mirror to publish.
struct LocalEntry: Hashable, Sendable {
  /// Publishing order: entries of one role become visible after those of the roles before it.
  enum Role: Int, Hashable, Comparable, Sendable, CaseIterable {
    /// Tarballs and their sidecars.
    case payload
    /// `status` files; a version without one does not count.
    case status
    case link
    /// Files written for one subarch: pages, `latest.txt`.
    case page
    /// Files that refer to files of the whole mirror.
    case index
    /// Control files that a master shows for a subarch.
    case control

    static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
  }

  let path: MirrorPath
  let node: ListedNode
  let role: Role
  /// nil for a link.
  var identity: FileIdentity?
}

extension [LocalEntry] {
  /// Total size in bytes.
  var bytes: Int64 { reduce(0) { $0 &+ $1.node.size } }
}

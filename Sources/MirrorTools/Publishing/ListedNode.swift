import LinuxSystem

/// What a listing tells of one name.
enum ListedNode: Hashable, Sendable {
  /// Bytes, and the modification time in whole seconds since the epoch.
  case file(size: Int64, seconds: Int64)
  /// What is written in it.
  case link([UInt8])
  case directory
  case other

  /// Bytes of a file.
  var size: Int64 {
    if case .file(let size, _) = self { return size }
    return 0
  }

  /// A file that `statx(2)` saw.
  init(_ status: FileStatus) {
    self = .file(size: status.size, seconds: Self.seconds(status.identity.mtime))
  }

  /// Whole seconds, rounded down.
  private static func seconds(_ nanoseconds: Int64) -> Int64 {
    let (quotient, remainder) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    return remainder < 0 ? quotient - 1 : quotient
  }
}

/// A name of the mirror that is published.
struct LocalEntry: Hashable, Sendable {
  /// When it may appear there: each after those before it.
  enum Role: Int, Hashable, Comparable, Sendable, CaseIterable {
    /// Tarballs, and what lies with them.
    case payload
    /// `status`, without which a version does not count.
    case status
    case link
    /// What is written for one subarch: pages, `latest.txt`.
    case page
    /// What names files of the whole mirror.
    case index
    /// What a master shows of a subarch's builds.
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
  /// Of all of them together.
  var bytes: Int64 { reduce(0) { $0 &+ $1.node.size } }
}

extension MirrorPath {
  /// Whether each component is a name, so that it leads nowhere else: none is empty, `.` or `..`.
  var isPlain: Bool {
    bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy {
      !$0.isEmpty && !$0.elementsEqual(".".utf8) && !$0.elementsEqual("..".utf8)
    }
  }

  /// The directories that it lies in, without the root, the shortest first.
  var ancestors: [MirrorPath] {
    bytes.indices.filter { bytes[$0] == UInt8(ascii: "/") }.map { MirrorPath(bytes: Array(bytes[..<$0])) }
  }
}

import CLinux
import Glibc
package import SystemPackage

/// A time in nanoseconds, however far off.
package struct NodeTime: Hashable, Comparable, Sendable {
  /// Since the epoch, rounded down.
  package var seconds: Int64
  /// Below 1,000,000,000.
  package var nanoseconds: UInt32

  package init(seconds: Int64, nanoseconds: UInt32) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  package static func < (left: Self, right: Self) -> Bool {
    (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
  }
}

/// The result of `statx(2)` for a node of a tree.
package struct NodeStatus: Hashable, Sendable {
  /// The kinds that tarballs distinguish.
  package enum Kind: Sendable {
    case regular, directory, link, fifo, characterDevice, blockDevice, socket, unknown
  }

  /// Identifies the node that hard links share.
  package struct Identity: Hashable, Sendable {
    let device: UInt64
    let inode: UInt64
  }

  package let identity: Identity
  package let kind: Kind
  /// Permission bits, including setuid, setgid and sticky.
  package let permissions: UInt32
  package let uid: UInt32
  package let gid: UInt32
  package let links: UInt32
  /// Size in bytes.
  package let size: Int64
  /// Allocated bytes.
  package let allocated: Int64
  package let mtime: NodeTime
  package let ctime: NodeTime
  /// A device's numbers.
  package let major: UInt32
  package let minor: UInt32

  package init(of file: borrowing Descriptor) throws(Errno) {
    var raw = clinux_node()
    try retrying { Int(clinux_node(file.raw, &raw)) }
    identity = Identity(device: raw.device, inode: raw.inode)
    kind = Self.kind(raw.mode)
    permissions = raw.mode & 0o7777
    uid = raw.uid
    gid = raw.gid
    links = raw.links
    size = Int64(clamping: raw.size)
    allocated = Int64(clamping: raw.blocks.multipliedReportingOverflow(by: 512).partialValue)
    mtime = NodeTime(seconds: raw.mtime, nanoseconds: raw.mtime_ns)
    ctime = NodeTime(seconds: raw.ctime, nanoseconds: raw.ctime_ns)
    major = raw.major
    minor = raw.minor
  }

  /// The kind of a FIFO in a mode.
  package static let fifoMode: UInt32 = 0o010000

  /// The kind encoded in a mode's upper bits.
  package static func kind(_ mode: UInt32) -> Kind {
    switch mode & S_IFMT {
    case S_IFREG: .regular
    case S_IFDIR: .directory
    case S_IFLNK: .link
    case S_IFIFO: .fifo
    case S_IFCHR: .characterDevice
    case S_IFBLK: .blockDevice
    case S_IFSOCK: .socket
    default: .unknown
    }
  }
}

import CLinux

/// Identifies a file with its content: anything that writes to the file changes its ctime.
///
/// Times are nanoseconds since the epoch, the size is in bytes.
public struct FileIdentity: Hashable, Sendable {
  package let device: UInt64
  package let inode: UInt64
  package let size: Int64
  package let mtime: Int64
  package let ctime: Int64

  package init(device: UInt64, inode: UInt64, size: Int64, mtime: Int64, ctime: Int64) {
    self.device = device
    self.inode = inode
    self.size = size
    self.mtime = mtime
    self.ctime = ctime
  }

  /// Whether both are the same file on disk, whatever its content.
  package func isNode(_ other: FileIdentity) -> Bool { device == other.device && inode == other.inode }

  /// Whether the file's times are whole seconds, as on ext4 with small inodes, ext3, FAT, and NFS exports of
  /// these.
  ///
  /// Nobody can set a ctime; with a finer clock it is a whole second once in many millions of cases.
  package var hasCoarseTimes: Bool { ctime % 1_000_000_000 == 0 }

  /// Whether a file with this modification time was written after the file's last change.
  ///
  /// If times have a resolution of a second, equal times do not show the order.
  package func isOlder(than mtime: Int64) -> Bool {
    hasCoarseTimes ? self.mtime < mtime : self.mtime <= mtime
  }

  /// Whether a signature was made before the last write to the file that it signs.
  ///
  /// A modification time in the future is ignored: the kernel's time of the last change is earlier.
  package func isOlder(than signed: FileIdentity) -> Bool { mtime < min(signed.mtime, signed.ctime) }

  /// Nanoseconds after its last change during which another change may leave the same times.
  ///
  /// The kernel stamps files with a clock that ticks every few milliseconds; FAT has steps of two seconds.
  package var tick: Int64 {
    hasCoarseTimes ? (ctime % 2_000_000_000 == 0 ? 2_000_000_000 : 1_000_000_000) : 20_000_000
  }

  /// Whether a file recorded earlier is this one.
  ///
  /// The device is ignored: its number changes when a Btrfs, ZFS or NFS file system is mounted again, and no
  /// other file has the same inode, size and both times to the nanosecond.
  package func isSameFile(as recorded: FileIdentity) -> Bool {
    inode == recorded.inode && size == recorded.size && mtime == recorded.mtime && ctime == recorded.ctime
  }
}

/// The result of `statx(2)` for a file.
public struct FileStatus: Hashable, Sendable {
  /// Identity for the catalog.
  public let identity: FileIdentity
  /// Allocated bytes, as counted by `du`.
  public let allocated: Int64
  package let mode: UInt32
  package let uid: UInt32
  package let gid: UInt32
  package let links: UInt32

  /// Size in bytes.
  public var size: Int64 { identity.size }

  /// The kind of file.
  package var kind: FileKind { FileKind(mode: mode) }

  init(_ raw: clinux_status) {
    identity = FileIdentity(
      device: raw.device, inode: raw.inode, size: Int64(clamping: raw.size), mtime: raw.mtime,
      ctime: raw.ctime)
    allocated = Int64(clamping: raw.blocks.multipliedReportingOverflow(by: 512).partialValue)
    mode = raw.mode
    uid = raw.uid
    gid = raw.gid
    links = raw.links
  }
}

/// The kinds of directory entries that matter here.
package enum FileKind: Sendable {
  case directory, regular, link, other

  init(mode: UInt32) {
    switch mode & 0o170000 {
    case 0o040000: self = .directory
    case 0o100000: self = .regular
    case 0o120000: self = .link
    default: self = .other
    }
  }
}

/// Owner, group and permission bits of a written file.
package struct Ownership: Sendable {
  package let uid: UInt32
  package let gid: UInt32
  package let mode: UInt32

  /// Ownership by numbers, and permission bits.
  package init(uid: UInt32, gid: UInt32, mode: UInt32) {
    self.uid = uid
    self.gid = gid
    self.mode = mode
  }

  /// The ownership of a regular file with this `status`, never executable or set-id.
  package init(of status: FileStatus) {
    uid = status.uid
    gid = status.gid
    mode = status.mode & 0o666
  }
}

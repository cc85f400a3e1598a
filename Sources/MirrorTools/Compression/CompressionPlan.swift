public import StageTrees
public import MirrorModel
public import LinuxSystem

/// Tarballs to compress in a mirror, and those left alone, with the reasons.
public struct CompressionPlan: Codable, Sendable {
  /// A marked `.tar`.
  public struct Item: Codable, Hashable, Sendable {
    /// The `.tar`, relative to the root of the mirror.
    public let path: MirrorPath
    /// Its size in bytes.
    public let bytes: Int64
    /// Compression of the file beside it, existing or to be made.
    public let compression: Compression
    /// Whether the compressed file already exists: then the two are compared, and the work is completed.
    public let isCompressed: Bool
    /// The subarch to lock during the work; nil if it belongs to none.
    public let subarch: MirrorPath?
    /// Links that point to the `.tar`, directly or through other links.
    public let links: [FollowingLink]

    private enum CodingKeys: String, CodingKey {
      case path, bytes, compression, isCompressed = "compressed", subarch, links
    }

    /// The compressed file.
    public var compressedPath: MirrorPath { path.compressed(compression) }
    /// Bytes counted in progress: the tarball is read again for comparison.
    public var bytesToRead: Int64 {
      isCompressed ? bytes : bytes.multipliedReportingOverflow(by: 2).partialValue
    }
  }

  /// A link to a tarball that will be compressed.
  public struct FollowingLink: Codable, Hashable, Sendable {
    /// Its present path.
    public let path: MirrorPath
    /// Its new path: if its name contains `.tar`, it gets the compressed suffix, too.
    public let newPath: MirrorPath
    /// The last component of its target.
    let names: FileName
  }

  /// A mark without action.
  public struct LeftAlone: Codable, Hashable, Sendable {
    /// The `.tar`, relative to the root of the mirror.
    public let path: MirrorPath
    /// The reason.
    public let reason: Reason
  }

  /// Why a mark is left alone.
  public enum Reason: String, Codable, Sendable {
    /// Its version is being built.
    case beingBuilt = "being-built"
    /// A build of its subarch is in progress.
    case locked
    /// Another run compresses it.
    case underWay = "under-way"
    /// Neither the tarball nor a compressed one exists.
    case missing
    /// The name is that of a symbolic link.
    case isLink = "is-link"

    /// Whether the problem needs a person; otherwise a later run will compress it.
    public var isProblem: Bool { self == .missing || self == .isLink }
  }

  /// How to compress the items.
  public let settings: CompressionSettings
  /// In path order.
  public let items: [Item]
  /// Marks whose tarball was already compressed and removed.
  public let staleMarks: [MirrorPath]
  /// In path order.
  public let leftAlone: [LeftAlone]

  /// Bytes counted in progress.
  public var bytesToRead: Int64 {
    items.reduce(0) { $0.addingReportingOverflow($1.bytesToRead).partialValue }
  }
}

extension CompressionPlan.LeftAlone {
  /// The message for it.
  public func error(in mirror: Mirror) -> MirrorError {
    let subject = mirror.displayed(path)
    return switch reason {
    case .beingBuilt: MirrorError(.busy, subject, "not compressed: its version is being built")
    case .locked: MirrorError(.busy, subject, "not compressed: a build of this subarch is in progress")
    case .underWay: MirrorError(.busy, subject, "not compressed: another run is compressing it")
    case .missing:
      MirrorError(
        .invalid, subject, "is marked for compression but does not exist", remedy: "remove the mark (.cme)")
    case .isLink:
      MirrorError(
        .invalid, subject, "is marked for compression but is a symbolic link", remedy: "mark its target")
    }
  }
}

extension MirrorPath {
  /// The path of the compressed form of this `.tar`.
  func compressed(_ compression: Compression) -> MirrorPath {
    MirrorPath(bytes: bytes + Array(".\(compression.rawValue)".utf8))
  }
}

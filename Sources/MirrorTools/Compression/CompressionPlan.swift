public import StageTrees
public import MirrorModel
public import LinuxSystem

/// What is to be compressed in a mirror, and what is left alone and why.
public struct CompressionPlan: Codable, Sendable {
  /// A `.tar` that is marked.
  public struct Item: Codable, Hashable, Sendable {
    /// The `.tar`, relative to the mirror's root.
    public let path: MirrorPath
    /// Its size.
    public let bytes: Int64
    /// How the file beside it is, or will be, compressed.
    public let compression: Compression
    /// Whether the compressed file is there already: then the two are compared, and the job is finished.
    public let isCompressed: Bool
    /// The subarch whose build lock is held meanwhile; nil for what belongs to none.
    public let subarch: MirrorPath?
    /// Links that name the `.tar`, directly or through each other.
    public let links: [FollowingLink]

    private enum CodingKeys: String, CodingKey {
      case path, bytes, compression, isCompressed = "compressed", subarch, links
    }

    /// The compressed file.
    public var compressedPath: MirrorPath { path.compressed(compression) }
    /// Bytes that progress will tell of: the tarball is read again to compare.
    public var bytesToRead: Int64 {
      isCompressed ? bytes : bytes.multipliedReportingOverflow(by: 2).partialValue
    }
  }

  /// A link that names what will be compressed.
  public struct FollowingLink: Codable, Hashable, Sendable {
    /// Where it lies.
    public let path: MirrorPath
    /// Where it will lie: `.tar` in its own name gets the compressed ending too.
    public let newPath: MirrorPath
    /// The last component of what it names.
    let names: FileName
  }

  /// A mark that nothing is done about.
  public struct LeftAlone: Codable, Hashable, Sendable {
    /// The `.tar`, relative to the mirror's root.
    public let path: MirrorPath
    /// Why.
    public let reason: Reason
  }

  /// Why a mark is left alone.
  public enum Reason: String, Codable, Sendable {
    /// Its version is being built.
    case beingBuilt = "being-built"
    /// A build of its subarch runs.
    case locked
    /// Another run compresses it.
    case underWay = "under-way"
    /// Neither the tarball nor a compressed one is there.
    case missing
    /// The name is a symbolic link's.
    case isLink = "is-link"

    /// Whether somebody has to mend it; otherwise a later run will do it.
    public var isProblem: Bool { self == .missing || self == .isLink }
  }

  /// How the items are compressed that are not yet.
  public let settings: CompressionSettings
  /// In path order.
  public let items: [Item]
  /// Marks whose tarball was compressed and removed already.
  public let staleMarks: [MirrorPath]
  /// In path order.
  public let leftAlone: [LeftAlone]

  /// All that progress will tell of.
  public var bytesToRead: Int64 {
    items.reduce(0) { $0.addingReportingOverflow($1.bytesToRead).partialValue }
  }
}

extension CompressionPlan.LeftAlone {
  /// The message that names it.
  public func error(in mirror: Mirror) -> MirrorError {
    let subject = mirror.displayed(path)
    return switch reason {
    case .beingBuilt: MirrorError(.busy, subject, "is left alone: its version is being built")
    case .locked: MirrorError(.busy, subject, "is left alone: a build of this subarch runs")
    case .underWay: MirrorError(.busy, subject, "is left alone: another run compresses it")
    case .missing:
      MirrorError(
        .invalid, subject, "is marked for compression and not there", remedy: "remove the mark (.cme)")
    case .isLink:
      MirrorError(
        .invalid, subject, "is marked for compression and a symbolic link", remedy: "mark what it names")
    }
  }
}

extension MirrorPath {
  /// The path of the compressed form of this `.tar`.
  func compressed(_ compression: Compression) -> MirrorPath {
    MirrorPath(bytes: bytes + Array(".\(compression.rawValue)".utf8))
  }
}

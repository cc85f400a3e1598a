public import MirrorModel
public import LinuxSystem

/// What `clean` keeps and removes, and why.
public struct RetentionPlan: Encodable, Sendable {
  /// A version of a subarch, or a snapshot.
  public struct Item: Encodable, Sendable {
    /// The directory, or the tarball, relative to the root of the mirror.
    public let path: MirrorPath
    /// Whether it is removed.
    public let isRemoved: Bool
    /// Why it is kept or removed.
    public let reason: String
    /// Size of its tarballs in bytes.
    public let bytes: Int64
    /// Whether it is a complete version, which downloaders may have.
    let isComplete: Bool
    /// Version or snapshot.
    enum Kind: Sendable {
      /// A directory, removed as a whole.
      case version
      /// Files, the tarball among them, in the order of their removal.
      case snapshot([MirrorPath])
    }

    let kind: Kind
    /// Whether it is a snapshot; otherwise it is a version.
    public var isSnapshot: Bool { if case .snapshot = kind { true } else { false } }
    /// Paths to remove: the files of a snapshot, or the directory of a version.
    var paths: [MirrorPath] {
      switch kind {
      case .version: [path]
      case .snapshot(let files): files
      }
    }
    private enum CodingKeys: String, CodingKey { case path, isRemoved = "removed", reason, bytes }
  }

  /// The items of one subarch, or of one build's snapshots, oldest first.
  public struct Section: Encodable, Sendable {
    /// The directory that contains them.
    public let path: MirrorPath
    /// Oldest first.
    public let items: [Item]
    /// Whether its items are snapshots.
    var isOfSnapshots: Bool { if case .snapshots = path.place { true } else { false } }
    /// Items to remove.
    public var removals: [Item] { items.filter(\.isRemoved) }
  }

  /// In path order.
  public let sections: [Section]
  /// Description of the policy.
  public let policy: String

  /// A copy without the removals for which `isKept` returns true.
  public func keeping(_ isKept: (Item) -> Bool) -> RetentionPlan {
    RetentionPlan(
      sections: sections.map { section in
        Section(path: section.path, items: section.items.filter { !$0.isRemoved || !isKept($0) })
      }, policy: policy)
  }

  /// All items to remove.
  public var removals: [Item] { sections.flatMap(\.removals) }
  /// Number of items.
  public var count: Int { sections.reduce(0) { $0 + $1.items.count } }
  /// Size of all items to remove, in bytes.
  public var bytes: Int64 { removals.reduce(0) { $0 &+ $1.bytes } }

  /// Up to this many complete versions may be removed, whatever their share.
  private static let harmless = 20

  /// Refuses a plan that removes most complete versions: that is hardly ever intended.
  ///
  /// - Throws: ``MirrorError`` with code `refused`.
  public func checkShare(of mirror: Mirror) throws(MirrorError) {
    let complete = sections.flatMap(\.items).filter(\.isComplete)
    let removed = complete.count(where: \.isRemoved)
    guard removed > Self.harmless, removed > complete.count / 2 else { return }
    throw MirrorError(
      .refused, mirror.displayed(.root),
      "\(removed) of \(complete.count) complete versions would be removed, more than half",
      remedy:
        "see \(run: .previewRemovals); if this is intended, \(run: .allowRemovals(removals.count))")
  }

  /// Refuses a plan that removes more than `limit` allows.
  ///
  /// - Throws: ``MirrorError`` with code `refused`.
  public func check(_ limit: RemovalLimit, mirror: Mirror) throws(MirrorError) {
    let most =
      switch limit {
      case .count(let count): count
      case .percent(let percent): Int((Double(count) * percent / 100).rounded(.down))
      }
    guard removals.count > most else { return }
    throw MirrorError(
      .refused, mirror.displayed(.root),
      "\(removals.count) of \(count) versions and snapshots would be removed, more than the limit of \(most)",
      remedy: "see \(run: .previewRemovals), then \(run: .allowRemovals(nil)) or keep more")
  }
}

/// Limit of the removals by one `clean`.
public enum RemovalLimit: Sendable, Hashable {
  /// Number of versions and snapshots.
  case count(Int)
  /// Percentage of all versions and snapshots.
  case percent(Double)
}

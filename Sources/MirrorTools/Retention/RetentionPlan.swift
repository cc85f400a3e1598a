public import MirrorModel
public import LinuxSystem

/// What `clean` keeps and removes, and why.
public struct RetentionPlan: Encodable, Sendable {
  /// A version of a subarch, or a snapshot.
  public struct Item: Encodable, Sendable {
    /// The directory, or the tarball, relative to the mirror's root.
    public let path: MirrorPath
    /// Whether it goes.
    public let isRemoved: Bool
    /// Why it stays or goes.
    public let reason: String
    /// Bytes of its tarballs.
    public let bytes: Int64
    /// Whether it is a version that downloaders may have.
    let isComplete: Bool
    /// What it is.
    enum Kind: Sendable {
      /// A directory that goes as a whole.
      case version
      /// Files, the tarball among them, in the order of their removal.
      case snapshot([MirrorPath])
    }

    let kind: Kind
    /// Whether it is a snapshot, not a version.
    public var isSnapshot: Bool { if case .snapshot = kind { true } else { false } }
    /// What is removed by name: a snapshot's files, or a version's directory.
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
    /// The directory that holds them.
    public let path: MirrorPath
    /// Oldest first.
    public let items: [Item]
    /// Whether it is of snapshots.
    var isOfSnapshots: Bool { if case .snapshots = path.place { true } else { false } }
    /// Items that go.
    public var removals: [Item] { items.filter(\.isRemoved) }
  }

  /// In path order.
  public let sections: [Section]
  /// What it follows.
  public let policy: String

  /// The same without removing what `isKept` holds for.
  public func keeping(_ isKept: (Item) -> Bool) -> RetentionPlan {
    RetentionPlan(
      sections: sections.map { section in
        Section(path: section.path, items: section.items.filter { !$0.isRemoved || !isKept($0) })
      }, policy: policy)
  }

  /// All that goes.
  public var removals: [Item] { sections.flatMap(\.removals) }
  /// How many items there are.
  public var count: Int { sections.reduce(0) { $0 + $1.items.count } }
  /// Bytes of all that goes.
  public var bytes: Int64 { removals.reduce(0) { $0 &+ $1.bytes } }

  /// Complete versions that a plan may remove whatever share of all they are.
  private static let harmless = 20

  /// Refuses a plan that removes most of what downloaders have: nobody means that without saying so.
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
        "look at \(run: .previewRemovals); if that is what you want, \(run: .allowRemovals(removals.count))")
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
      "\(removals.count) of \(count) versions and snapshots would go, more than the \(most) that are allowed",
      remedy: "look at \(run: .previewRemovals), then \(run: .allowRemovals(nil)) or keep more")
  }
}

/// How much one `clean` may remove.
public enum RemovalLimit: Sendable, Hashable {
  /// So many versions and snapshots.
  case count(Int)
  /// So much of all versions and snapshots.
  case percent(Double)
}

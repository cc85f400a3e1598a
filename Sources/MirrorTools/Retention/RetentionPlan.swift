public import MirrorModel
public import LinuxSystem

/// What `clean` keeps and removes, and why.
public struct RetentionPlan: Encodable, Sendable {
  /// A version of a subarch, a snapshot, or a binary package.
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
    /// Version, snapshot or package.
    enum Kind: Sendable {
      /// A directory, removed as a whole.
      case version
      /// Files, the tarball among them, in the order of their removal.
      case snapshot([MirrorPath])
      /// A binary package.
      case package
    }

    let kind: Kind
    /// The images at a cloud that records in the version list; they are removed with it.
    var images: [CloudRecord.Place] = []
    /// Whether it is a snapshot.
    public var isSnapshot: Bool { if case .snapshot = kind { true } else { false } }
    /// Whether it is a binary package. Anything else is a version.
    public var isPackage: Bool { if case .package = kind { true } else { false } }
    /// Whether it is a version.
    var isVersion: Bool { if case .version = kind { true } else { false } }
    /// Paths to remove: the files of a snapshot, or the directory of a version.
    var paths: [MirrorPath] {
      switch kind {
      case .version, .package: [path]
      case .snapshot(let files): files
      }
    }
    private enum CodingKeys: String, CodingKey { case path, isRemoved = "removed", reason, bytes, images }

    /// `path`, `removed`, `reason` and `bytes`; `images` if there are any.
    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(path, forKey: .path)
      try container.encode(isRemoved, forKey: .isRemoved)
      try container.encode(reason, forKey: .reason)
      try container.encode(bytes, forKey: .bytes)
      if !images.isEmpty { try container.encode(images, forKey: .images) }
    }
  }

  /// The items of one subarch, or of one build's snapshots, oldest first; or of a tree of binary packages, by path.
  public struct Section: Encodable, Sendable {
    /// The directory that contains them.
    public let path: MirrorPath
    /// Oldest first.
    public let items: [Item]
    /// Whether its items are snapshots.
    var isOfSnapshots: Bool { if case .snapshots = path.place { true } else { false } }
    /// Whether its items are binary packages.
    var isOfPackages: Bool { path.place.isInPackages }
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
    try checkShare(of: complete.filter { !$0.isPackage }, "complete versions", mirror)
    try checkShare(of: complete.filter(\.isPackage), "binary packages", mirror)
  }

  private func checkShare(of items: [Item], _ name: String, _ mirror: Mirror) throws(MirrorError) {
    let removed = items.count(where: \.isRemoved)
    guard removed > Self.harmless, removed > items.count / 2 else { return }
    throw MirrorError(
      .refused, mirror.displayed(.root),
      "\(removed) of \(items.count) \(name) would be removed, more than half",
      remedy:
        "see \(run: .previewRemovals); if this is intended, \(run: .allowRemovals(removals.count))")
  }

  /// The plan with these sections too.
  func adding(_ more: [Section]) -> RetentionPlan {
    more.isEmpty ? self : RetentionPlan(sections: sections + more, policy: policy)
  }

  /// The plan with the images at clouds that belong to removed versions.
  ///
  /// - Throws: if a version cannot be read.
  func withImages(of mirror: Mirror) throws(MirrorError) -> RetentionPlan {
    guard !removals.isEmpty else { return self }
    let anchor = try AnchoredDirectory(root: mirror.root)
    var changed: [Section] = []
    for section in sections {
      var items = section.items
      for index in items.indices where items[index].isRemoved && items[index].isVersion {
        items[index].images = try CloudRecords.images(of: items[index].path, in: anchor)
      }
      changed.append(Section(path: section.path, items: items))
    }
    return RetentionPlan(sections: changed, policy: policy)
  }

  /// The plan for versions and snapshots only.
  var withoutPackages: RetentionPlan {
    RetentionPlan(sections: sections.filter { !$0.isOfPackages }, policy: policy)
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

import Hashing
import LinuxSystem
import MirrorModel
import StageTrees
import SystemPackage

/// Writes the `Packages` of a tree: entries of unchanged packages are kept, others are made by reading the package.
struct BinhostIndexer: Sendable {
  let root: FilePath
  let ownership: OwnershipRules
  let hasher: FileHasher
  let compresses: Bool
  /// Seconds since the epoch.
  let now: Int64

  /// An index to be written.
  struct Plan: Sendable {
    let tree: MirrorPath
    fileprivate(set) var index: PackagesIndex
    /// Whether `Packages` or `Packages.gz` would change.
    fileprivate(set) var isChanged: Bool
    /// Packages that are left out, and why.
    fileprivate(set) var problems: [MirrorError] = []
  }

  /// Keys of a header that belong to one tree.
  private static let ownKeys: Set<String> = ["TIMESTAMP", "URI", "TTL"]

  /// The entries of packages that have not changed since they were indexed, by path in the mirror.
  static func current(_ index: PackagesIndex?, of tree: BinhostTree) -> [MirrorPath: PackageEntry] {
    let entries = Dictionary((index?.entries ?? []).map { (tree.path.joined($0.path), $0) }) { $1 }
    return tree.files.reduce(into: [:]) { current, file in
      guard let entry = entries[file.path], entry.size == file.status.size, entry.seconds == file.seconds,
        !entry["MD5"].isEmpty, !entry["SHA1"].isEmpty
      else { return }
      current[file.path] = entry
    }
  }

  /// Whether a tree needs another index; reads no package.
  func isOutdated(_ tree: BinhostTree) throws(MirrorError) -> Bool {
    let index = try? tree.readIndex(try AnchoredDirectory(root: root))
    let current = Self.current(index ?? nil, of: tree)
    return current.count != tree.files.count || current.count != (index ?? nil)?.entries.count
      || isCopyOutdated(tree)
  }

  /// The index of a tree as it should be; reads new and changed packages.
  ///
  /// - Parameter settings: replaces the settings for clients in the header; nil to keep them.
  func plan(_ tree: BinhostTree, header settings: [String: String]? = nil) throws(MirrorError) -> Plan {
    let anchor = Shared(try AnchoredDirectory(root: root))
    // One that cannot be parsed is replaced.
    let existing = (try? tree.readIndex(anchor.value)) ?? nil
    var entries = Self.current(existing, of: tree)
    let fresh = tree.files.filter { entries[$0.path] == nil }
    let found = Monitor<[MirrorPath: Result<PackageReading, MirrorError>]>([:])
    let reader = PackageReader(anchor: anchor, tree: tree, cancellation: hasher.cancellation)
    if !fresh.isEmpty {
      hasher.forEach(
        fresh, as: "reading packages", size: { ($0.status.size, $0.status.identity.device) }
      ) { file in
        let result = Result { () throws(MirrorError) in try reader.read(file) }
        found.withLock { $0[file.path] = result }
      }
    }
    try hasher.cancellation.check()
    var problems: [MirrorError] = []
    let old = Dictionary((existing?.entries ?? []).map { (tree.path.joined($0.path), $0) }) { $1 }
    for (path, result) in found.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
      do throws(MirrorError) {
        let reading = try result.get()
        guard var entry = reading.entry else {
          throw GpkgReader.fault(
            anchor.value.displayed(path), "\(reading.fault ?? "is not a package"): it is not in Packages")
        }
        // Packages do not contain it in a form that Portage reads again.
        if let known = old[path], known.cpv == entry.cpv, known.size == entry.size,
          known.seconds == entry.seconds
        {
          entry["DESCRIPTION"] = known["DESCRIPTION"]
        }
        entries[path] = entry
      } catch {
        // A build may have replaced it; the next run reads it again.
        if !anchor.value.isGone(path) { problems.append(error) }
      }
    }
    var plan = try self.plan(
      tree, existing, entries.sorted { $0.key < $1.key }.map(\.value), anchor.value, header: settings)
    plan.problems = problems
    return plan
  }

  /// The existing index of a tree without some packages; nil if there is no index.
  func plan(_ tree: BinhostTree, without removed: Set<MirrorPath>) throws(MirrorError) -> Plan? {
    let anchor = try AnchoredDirectory(root: root)
    guard let existing = try tree.readIndex(anchor) else { return nil }
    let entries = existing.entries.filter { !removed.contains(tree.path.joined($0.path)) }
    return try plan(tree, existing, entries, anchor)
  }

  private func plan(
    _ tree: BinhostTree, _ existing: PackagesIndex?, _ entries: [PackageEntry],
    _ anchor: borrowing AnchoredDirectory, header settings: [String: String]? = nil
  ) throws(MirrorError) -> Plan {
    var index = PackagesIndex()
    index.header = existing?.header ?? [:]
    if let settings {
      // The tree has its own time and address.
      let own = index.header.filter { Self.ownKeys.contains($0.key) }
      index.header = settings.filter { !Self.ownKeys.contains($0.key) }.merging(own) { $1 }
    }
    index.entries = entries
    let written = try anchor.contents(of: tree.indexPath, limit: PackagesIndex.largest)
    let isSame = existing != nil && written == index.text
    if !isSame { index.header["TIMESTAMP"] = "\(max(now, (existing?.timestamp ?? 0) + 1))" }
    return Plan(tree: tree.path, index: index, isChanged: !isSame || isCopyOutdated(tree))
  }

  /// Whether `Packages.gz` is missing, superfluous, or not the copy of `Packages`.
  private func isCopyOutdated(_ tree: BinhostTree) -> Bool {
    compresses ? tree.compressed?.identity.modified != tree.index?.identity.modified : tree.compressed != nil
  }

  /// Writes an index; its compressed copy comes first, since clients prefer it.
  func write(_ plan: Plan) throws(MirrorError) {
    let directory = try AnchoredDirectory(root: root, ownershipRules: ownership).directory(plan.tree)
    let (text, seconds) = (plan.index.text, plan.index.timestamp ?? now)
    let owned = try directory.fileOwnership()
    func write(_ bytes: [UInt8], to name: FileName) throws(MirrorError) {
      let existing = try directory.status(of: name)
      var file = try DurableFile(name, in: directory)
      try file.write(bytes)
      try file.keepTime(seconds * 1_000_000_000)
      try file.commit(existing.flatMap { $0.kind == .regular ? Ownership(of: $0) : nil } ?? owned)
    }
    if compresses {
      try write(
        Self.compressed(text, directory.displayed(PackagesIndex.compressedName), hasher.cancellation),
        to: PackagesIndex.compressedName)
    } else {
      try directory.unlink(PackagesIndex.compressedName)
      try directory.sync()
    }
    try write(text, to: PackagesIndex.fileName)
  }

  private static func compressed(
    _ text: [UInt8], _ subject: String, _ cancellation: Cancellation
  ) throws(MirrorError) -> [UInt8] {
    let file = Shared(
      try attempt("compress", subject) { () throws(Errno) in try Descriptor(inMemory: "Packages.gz") })
    let output = try attempt("compress", subject) { () throws(Errno) in try file.value.duplicate() }
    var encoder = try GzipEncoder(
      level: 6, threads: 1, into: FileSink(output, subject: subject), subject: subject,
      cancellation: cancellation)
    let fault = text.withUnsafeBytes { bytes -> MirrorError? in
      do throws(MirrorError) {
        try encoder.encode(bytes)
        return nil
      } catch { return error }
    }
    if let fault { throw fault }
    try encoder.finish()
    return try attempt("compress", subject) { () throws(Errno) in
      try file.value.bytes(upTo: Int(try file.value.status().size))
    }
  }
}

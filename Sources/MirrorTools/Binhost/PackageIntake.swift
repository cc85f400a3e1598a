import Hashing
package import LinuxSystem
import MirrorModel
package import SystemPackage

/// Puts the packages of a directory of Portage's (PKGDIR) into a tree of the mirror, and then its `Packages`.
///
/// A published package is never replaced: another one with its name gets the next free number.
package struct PackageIntake: Sendable {
  private let root: FilePath
  private let ownership: OwnershipRules
  private let indexer: BinhostIndexer
  private let cancellation: Cancellation

  /// What was done.
  package struct Report: Sendable {
    /// The new packages, relative to the root of the mirror.
    package fileprivate(set) var taken: [MirrorPath] = []
    /// What could not be taken, and why.
    package fileprivate(set) var problems: [MirrorError] = []

    /// Nothing.
    package init() {}
  }

  /// - Parameters:
  ///   - compresses: whether `Packages.gz` is written too.
  ///   - now: seconds since the epoch.
  package init(
    root: FilePath, _ ownership: OwnershipRules, compresses: Bool, now: Int64, cancellation: Cancellation
  ) {
    self.root = root
    self.ownership = ownership
    self.cancellation = cancellation
    let hasher = FileHasher(
      HashingOptions(), kinds: .builtIn, progress: RunProgress(), cancellation: cancellation)
    indexer = BinhostIndexer(
      root: root, ownership: ownership, hasher: hasher, compresses: compresses, now: now)
  }

  /// Takes the packages that are newer than those of the same name and slot in the tree.
  package func take(from directory: FilePath, into path: MirrorPath) throws(MirrorError) -> Report {
    let source = Shared(try AnchoredDirectory(root: directory))
    let anchor = try AnchoredDirectory(root: root, ownershipRules: ownership)
    _ = try anchor.makePath(path)
    return try DirectoryLock.with(path, in: anchor, cancellation) { () throws(MirrorError) in
      try take(source, into: path, anchor)
    }
  }

  private func take(
    _ source: Shared<AnchoredDirectory>, into path: MirrorPath, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> Report {
    var report = Report()
    let found = BinhostTree.read(.root, source.value, &report.problems)
    let tree = BinhostTree.read(path, anchor, &report.problems)
    if let problem = report.problems.first { throw problem }
    tree.sweep(anchor)
    let newest = Self.newest(try? tree.readIndex(anchor))
    var names = Dictionary(tree.files.map { ($0.path, $0) }) { $1 }
    let reader = PackageReader(anchor: source, tree: found, cancellation: cancellation)
    for file in found.files {
      try cancellation.check()
      if let there = names[path.joined(file.path)], there.status.size == file.status.size,
        there.seconds == file.seconds
      {
        continue
      }
      // Packages of a separate root are in a directory of their own, and are not offered.
      guard let entry = try reader.read(file).entry,
        newest[entry.slotted].map({ $0 < (entry.build.time, entry.build.number) }) ?? true
      else { continue }
      let target = Self.free(path.joined(file.path), file.format, names)
      try copy(file, source.value, to: target, anchor)
      names[target] = file
      report.taken.append(target)
    }
    let header = (try? found.readIndex(source.value))?.header
    let plan = try indexer.plan(
      BinhostTree.read(path, anchor, &report.problems), header: report.taken.isEmpty ? nil : header)
    report.problems += plan.problems
    if plan.isChanged { try indexer.write(plan) }
    return report
  }

  /// The newest build of each name and slot.
  private static func newest(_ index: PackagesIndex??) -> [String: (Int64, Int64)] {
    var newest: [String: (Int64, Int64)] = [:]
    for entry in (index ?? nil)?.entries ?? [] {
      let build = (entry.build.time, entry.build.number)
      if let known = newest[entry.slotted], known >= build { continue }
      newest[entry.slotted] = build
    }
    return newest
  }

  /// The name of a package, or the same with the next number that no package has.
  private static func free(
    _ path: MirrorPath, _ format: PackageFormat, _ names: [MirrorPath: BinhostTree.File]
  ) -> MirrorPath {
    guard names[path] != nil, format != .tbz2 else { return path }
    let stem = path.name.dropping(last: format.suffix.utf8.count).description
    let parts = stem.split(separator: "-")
    // Without a number in the name, the package is replaced, as by Portage.
    guard let last = parts.last.flatMap({ Int($0) }), parts.count > 2, path.parent.components.count > 1 else {
      return path
    }
    let base = parts.dropLast().joined(separator: "-")
    var number = last + 1
    func candidate() -> MirrorPath { path.parent.appending(FileName("\(base)-\(number)\(format.suffix)")) }
    while names[candidate()] != nil { number += 1 }
    return candidate()
  }

  /// Copies a package: what is in a cache of builds belongs to their steps.
  private func copy(
    _ file: BinhostTree.File, _ source: borrowing AnchoredDirectory, to target: MirrorPath,
    _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    let shown = source.displayed(file.path)
    let opened = try source.file(file.path)
    let directory = try anchor.makePath(target.parent)
    var copy = try DurableFile(target.name, in: directory)
    let size = try copy.append(opened, shown)
    let status = try attempt("examine", shown) { () throws(Errno) in try opened.status() }
    guard status.identity == file.status.identity, size == file.status.size else {
      throw MirrorError(.changed, shown, "changed while it was copied", remedy: "build again")
    }
    try copy.keepTime(file.seconds * 1_000_000_000)
    try copy.commit(try directory.fileOwnership())
  }
}

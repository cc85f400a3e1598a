import Hashing
import LinuxSystem
import MirrorModel
import SystemPackage

extension Publication {
  /// Holds trees of binary packages whose `Packages` names a package that is not there or is another one: their
  /// packages and their index are left as they are at the destination.
  func checkPackages(_ survey: inout PublishSurvey) throws(MirrorError) {
    let anchor = Shared(try AnchoredDirectory(root: mirror.root))
    var held: [MirrorPath] = []
    for index in survey.local.entries where IndexReferences.arePackages(index.path) {
      try hasher.cancellation.check()
      let tree = index.path.parent
      guard let problem = try fault(of: index, survey, anchor) else { continue }
      survey.report.problems.append(
        MirrorError(
          .invalid, anchor.value.displayed(index.path), "\(problem): its packages are not published",
          remedy: "\(run: .verify), repair what it reports, and \(run: .index)"))
      held.append(tree)
    }
    guard !held.isEmpty else { return }
    survey.local.hold(with: held)
    try settle(&survey)
  }

  private func fault(
    of index: LocalEntry, _ survey: PublishSurvey, _ anchor: Shared<AnchoredDirectory>
  ) throws(MirrorError) -> String? {
    let bytes = try anchor.value.contents(of: index.path, limit: PackagesIndex.largest) ?? []
    guard let packages = PackagesIndex(bytes) else { return "is not an index of binary packages" }
    let tree = index.path.parent
    let known = survey.local.byPath
    let sent = Set((survey.plan.payload + survey.plan.replaced).map(\.path))
    var fresh: [(entry: LocalEntry, package: PackageEntry)] = []
    for package in packages.entries {
      let path = tree.joined(package.path)
      guard package.path.isPlain, let entry = known[path] else {
        if let exclusion = survey.local.excluded[path] {
          return "lists \(package.path), excluded by `exclude: \(exclusion)`"
        }
        return
          "lists \(package.path), which \(survey.local.holds(path) ? "cannot be sent" : "does not exist")"
      }
      guard package.size ?? entry.node.size == entry.node.size else {
        return "has a wrong size for \(package.path)"
      }
      if sent.contains(path) { fresh.append((entry, package)) }
    }
    return try difference(of: fresh, anchor)
  }

  /// A package to be sent whose content is not the one in the index.
  private func difference(
    of packages: [(entry: LocalEntry, package: PackageEntry)], _ anchor: Shared<AnchoredDirectory>
  ) throws(MirrorError) -> String? {
    let found = Monitor<[MirrorPath: MirrorError?]>([:])
    let cancellation = hasher.cancellation
    let items = packages.map { Item(entry: $0.entry, package: $0.package) }
    guard !items.isEmpty else { return nil }
    hasher.forEach(
      items, as: "checking packages", size: { ($0.entry.node.size, $0.entry.identity?.device ?? 0) }
    ) {
      item in
      do throws(MirrorError) {
        let shown = anchor.value.displayed(item.entry.path)
        let sums = try PackageSums.of(
          try anchor.value.file(item.entry.path), size: item.entry.node.size, shown, cancellation)
        if !item.package.agrees(with: sums) { found.withLock { $0[item.entry.path] = .some(nil) } }
      } catch { found.withLock { $0[item.entry.path] = error } }
    }
    try cancellation.check()
    guard let (path, error) = found.withLock({ $0 }).min(by: { $0.key < $1.key }) else { return nil }
    return error.map { "lists \(path.name), which cannot be read (\($0.problem))" }
      ?? "has another digest of \(path.name)"
  }

  private struct Item: Sendable {
    let entry: LocalEntry
    let package: PackageEntry
  }
}

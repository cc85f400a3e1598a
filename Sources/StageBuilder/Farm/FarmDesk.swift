package import LinuxSystem
import MirrorModel
package import MirrorTools
import SystemPackage

/// What the master does for one target of a campaign whose nodes have mirrors of their own.
package struct FarmDesk {
  private let build: [String]
  private let specs: String?
  private let request: BuildRequest
  private let name: String
  private let uploads: MirrorPath
  private let context: BuildContext

  /// - Parameters:
  ///   - uploads: where the packages that the node uploads wait, relative to the root of the mirror.
  ///   - request: that of the node, for this target only.
  ///   - context: that of the master.
  /// - Throws: if the node does not build a target.
  package init(
    _ node: FarmNode, of record: CampaignRecord, packages uploads: MirrorPath, _ request: BuildRequest,
    _ context: BuildContext
  ) throws(MirrorError) {
    let whole = request.work == .snapshot ? "snapshot" : request.namedTarget
    guard let build = node.build, let name = request.only ?? whole else {
      throw MirrorError(.invalid, node.id, "is not the target of a build", remedy: "see \(run: .campaigns)")
    }
    (self.build, self.request, self.name, self.context) = (build, request, name, context)
    specs = record.plan.specs
    self.uploads = uploads
  }

  /// What the node must upload.
  package func product() throws -> TargetFiles {
    let (target, anchor) = try target()
    return TargetFiles(of: try target.output(anchor).path, target: name)
  }

  /// Whether the files of the target are in the mirror.
  package func isThere() throws -> Bool {
    let (target, anchor) = try target()
    return try target.output(anchor).existing() != nil
  }

  /// What the node must do.
  ///
  /// - Throws: if the seed or the snapshot is not in this mirror.
  package func order() throws -> FarmOrder {
    let (target, anchor) = try target()
    let product = TargetFiles(of: try target.output(anchor).path, target: name)
    guard try target.output(anchor).existing() == nil else {
      return FarmOrder(isDone: true, build: build, subarch: request.path, product: product, specs: specs)
    }
    var tarballs: [MirrorPath] = []
    if target.kind != .snapshot {
      tarballs.append(try path(RequiredTarball.find("path/mirror/source", target.settings)))
    }
    if target.kind == .stage, try target.settings.path("path/mirror/snapshot") != nil {
      tarballs.append(try path(RequiredTarball.find("path/mirror/snapshot", target.settings)))
    }
    return FarmOrder(
      isDone: false, build: build, subarch: request.path, product: product,
      packages: try PackageOffer(target, of: request.path)?.tree,
      specs: specs, files: try tarballs.flatMap { try files($0, anchor.value) },
      control: try control(tarballs, anchor.value))
  }

  /// Does what follows the target, as if it had been built here: links, records, failure counts, binary packages.
  ///
  /// - Parameter isDone: whether its files are here; otherwise its build failed.
  package func settle(isDone: Bool) -> BuildReport {
    var result = BuildReport(mirror: "\(context.root)", of: request)
    var receiver = GraphRun.Receiver()
    receiver.request = { result = $1 }
    let packages = context.root.appending("\(uploads)")
    GraphRun([request], context) { isDone ? $0.accept(packages: packages) : $0.fail() }.apply(receiver)
    // What could not be taken is still in the mirror of the node.
    if let parent = try? AnchoredDirectory(root: context.root).directory(uploads.parent) {
      try? TreeRemover(cancellation: context.cancellation).remove(uploads.name, in: parent)
    }
    return result
  }

  private func target() throws -> (Target, Shared<AnchoredDirectory>) {
    let anchor = Shared(try AnchoredDirectory(root: context.root, ownershipRules: context.ownershipRules))
    let targets = try BuildTargets(request, TreeVersions(context), context, anchor)
    guard let settings = targets.members.first(where: { $0.name == name })?.settings else {
      throw MirrorError(
        .invalid, name, "depends on a target that does not exist yet", remedy: "see \(run: .campaigns)")
    }
    return (try Target(name, settings), anchor)
  }

  /// The path of a tarball in the mirror.
  private func path(_ tarball: FilePath) throws(MirrorError) -> MirrorPath {
    var rest = tarball.normalized
    guard rest.removePrefix(context.root.normalized), !rest.isEmpty else {
      throw MirrorError(
        .invalid, tarball.string, "is not in the mirror, so nodes cannot fetch it",
        remedy: "move it into the mirror")
    }
    return MirrorPath(rest.string)
  }

  /// A tarball and the files beside it that belong to it.
  private func files(
    _ tarball: MirrorPath, _ root: borrowing AnchoredDirectory
  ) throws(MirrorError) -> [FarmFetchRun.File] {
    let directory = try root.directory(tarball.parent)
    let prefix = tarball.name.bytes + [UInt8(ascii: ".")]
    var files: [FarmFetchRun.File] = []
    for name in try directory.entries().filter({ $0.kind == .regular }).map(\.name).sorted()
    where name == tarball.name || name.bytes.starts(with: prefix) {
      let path = tarball.parent.appending(name)
      guard let status = try directory.status(of: name) else { continue }
      files.append(
        FarmFetchRun.File(
          path: path, bytes: status.size,
          sha256: try context.sha256(of: context.root.appending(path.description))))
    }
    return files
  }

  /// The state of the subarch, and of those from which it may start.
  private func control(
    _ tarballs: [MirrorPath], _ root: borrowing AnchoredDirectory
  ) throws(MirrorError) -> [ControlText] {
    guard let own = request.path else { return [] }
    let others = [RequestFacts.remoteSeed(of: own, root)] + tarballs.map(\.subarch)
    var texts: [ControlText] = []
    for subarch in Set(others.compactMap(\.self) + [own]).sorted() {
      texts += try ControlText.all(of: subarch, in: root)
    }
    return texts
  }
}

import MirrorModel
import LinuxSystem
import SystemPackage

/// A stage: a seed that is unpacked, changed by the spec's steps in a sandbox, and captured.
struct StageTarget {
  let settings: BuildSettings
  let context: BuildContext
  let anchor: Shared<AnchoredDirectory>
  let records: VersionRecords
  /// The directory for the scripts of host steps.
  let scripts: FilePath
  /// Where the tarball is written instead of the mirror: that of a second build, which is only compared.
  var copies: Shared<AnchoredDirectory>?
  /// Builds it a second time; receives the tarball, its digests, the work directory and the log.
  var reproduce: ((FilePath, DigestSet, FilePath, borrowing BuildLog) throws -> Void)?

  /// Builds it, with the steps in METRO's order.
  ///
  /// - Parameters:
  ///   - key: that of its inputs, for its provenance.
  ///   - progress: to record with a work directory that is kept.
  ///   - entry: receives how its steps are confined, and where it went on.
  /// - Returns: what mirrorctl captured; nil if the spec's own step wrote the tarball.
  func run(
    key: String?, _ progress: StageProgress, log: borrowing BuildLog, _ entry: inout BuildReport.Target
  ) throws -> TarballOutput.Captured? {
    var progress = progress
    let seed = try RequiredTarball.find("path/mirror/source", settings)
    let snapshot = try settings.isOfficial ? RequiredTarball.find("path/mirror/snapshot", settings) : nil
    try StagePlaces(settings).check()
    let documents = try settings.documents
    var provenance =
      try copies == nil && settings.isOfficial && documents.hasProvenance
      ? BuildProvenance(settings, documents, context, seed: seed, snapshot: snapshot) : nil
    let chroot = try settings.requiredPath("path/chroot")
    var work = try open(&progress, snapshot, log, &entry)
    let confinement = try context.sandbox.confinement(in: work.path)
    log.note("\(settings.target ?? ""): \(confinement.text)")
    entry.confinement = confinement
    progress.owners = StageResumption.owners(confinement)
    provenance?.confinement = confinement
    provenance?.key = key
    let group = try controlGroup(log)
    var steps = try StepRunner(
      settings, context, root: chroot, scripts: scripts, confinement: confinement)
    steps.controlGroup = group
    let locks = try steps.prepareCaches()
    defer { withExtendedLifetime(locks) { steps.settleCaches(log: log) } }
    do {
      let root = Shared(try Self.makeRoot(chroot, in: work, confinement))
      let machine = try StageMachine(settings)
      let means = try machine.means(forSeed: seed)
      let epoch = try unpack(seed, snapshot, &steps, &progress, root, log)
      steps.means = try machine.means(forRoot: chroot, of: seed, otherwise: means)
      if let text = steps.means.text { log.note("\(settings.target ?? ""): \(text)") }
      let signing = try PackageSigning(settings, context.cancellation)
      try signing?.place(in: root.value, confinement)
      try runInRoot(steps, &progress, root, log)
      if signing != nil { try PackageSigning.remove(from: root.value) }
      _ = progress.begin("steps/capture")
      let captured =
        try settings.isOfficial ? capture(epoch, steps, work, chroot, root, provenance, log, &entry) : nil
      try work.remove()
      return captured
    } catch {
      if !context.cancellation.isCancelled { inspect(error, steps, log) }
      // What cannot be removed is swept by the next build.
      if context.keepsWork { keep(&work, progress, log) } else { try? work.remove() }
      throw error
    }
  }

  /// The control group with the limits of the configuration, where there can be one.
  private func controlGroup(_ log: borrowing BuildLog) throws -> Shared<ControlGroup>? {
    let limits = try settings.limits
    if let group = try ControlGroup.make(limits) { return Shared(group) }
    if limits.memory != nil || limits.tasks != nil {
      log.note("build/memory and build/tasks have no effect: no control group was delegated to mirrorctl")
    }
    return nil
  }

  /// An empty root; a seed may lack attributes of its top directory.
  static func makeRoot(
    _ chroot: FilePath, in work: borrowing WorkDirectory, _ confinement: Confinement
  ) throws(MirrorError) -> AnchoredDirectory {
    let mode: UInt32 = 0o755
    var ownershipRules = OwnershipRules()
    ownershipRules.mode = mode
    let root = try work.opened(ownershipRules).makePath(path(of: chroot, in: work.path))
    guard !work.isResumed else { return root }
    try attempt("set the mode", "\(chroot)") { () throws(Errno) in
      if confinement == .shifted {
        try root.descriptor.setOwner(Confinement.firstID, Confinement.firstID)
      }
      try root.descriptor.setMode(mode)
    }
    return root
  }

  /// Opens a shell in the root of a failed step, if requested.
  private func inspect(_ error: any Error, _ steps: StepRunner, _ log: borrowing BuildLog) {
    guard context.opensShell else { return }
    context.tell(context.text(error))
    context.tell("shell in the failed root; type `exit` to leave it")
    do { try steps.openShell(log: log) } catch { context.tell(context.text(error)) }
  }

  /// - Returns: the latest time of any file in the stage, in seconds.
  private func unpack(
    _ seed: FilePath, _ snapshot: FilePath?, _ steps: inout StepRunner, _ progress: inout StageProgress,
    _ root: Shared<AnchoredDirectory>, _ log: borrowing BuildLog
  ) throws -> Int64 {
    let unpacking = StageUnpacking(
      settings: settings, context: context, confinement: steps.confinement, root: root,
      tools: SquashfsTools(steps, scripts: scripts))
    try checkOwners(steps)
    if progress.begin("steps/unpack") {
      progress.epoch = VersionDate(try settings.required("target/version").utf8)?.seconds
      if try !steps.run("steps/unpack", in: .host, log: log) {
        try unpacking.unpackSeed(seed, log)
        let tree = try snapshot.flatMap { try unpacking.placeSnapshot($0, log) }
        progress.epoch = tree?.epoch ?? progress.epoch
        progress.treePlace = tree?.mountedAt
      }
    }
    if let snapshot, let place = progress.treePlace {
      steps.tree = SandboxPlan.Bind(source: snapshot.string, target: place, isReadOnly: true, isImage: true)
    }
    try run("steps/unpack/post", in: .host, steps, &progress, log)
    return progress.epoch ?? context.now()
  }

  /// Runs a step, unless an earlier build did.
  private func run(
    _ step: String, in place: StepRunner.Place, _ steps: StepRunner, _ progress: inout StageProgress,
    _ log: borrowing BuildLog
  ) throws {
    if progress.begin(step) { try steps.run(step, in: place, log: log) }
  }

  /// Throws if a step of the spec would see shifted owners, where they cannot be mapped.
  private func checkOwners(_ steps: StepRunner) throws {
    guard steps.confinement == .shifted else { return }
    for key in ["steps/unpack", "steps/capture"] where try settings.script(key) != nil {
      throw MirrorError(
        .refused, key, "needs idmapped mounts, which the kernel or the file system of path/work lacks",
        remedy: "set path/work to a directory on ext4, XFS or Btrfs, with Linux 5.12 or later")
    }
  }

  private func runInRoot(
    _ steps: StepRunner, _ progress: inout StageProgress, _ root: Shared<AnchoredDirectory>,
    _ log: borrowing BuildLog
  ) throws {
    guard try settings.script("steps/chroot/run") != nil else { throw settings.undefined("steps/chroot/run") }
    try run("steps/chroot/prerun", in: .root(isEquipped: true), steps, &progress, log)
    try run("steps/chroot/run", in: .root(isEquipped: true), steps, &progress, log)
    if try settings.isOfficial {
      try run("steps/chroot/grabinfo", in: .root(isEquipped: true), steps, &progress, log)
      if progress.begin("steps/precapture"), try !steps.run("steps/precapture", in: .host, log: log) {
        try takeBuildInfo(root.value, log)
      }
    }
    try run("steps/chroot/postrun", in: .root(isEquipped: true), steps, &progress, log)
    try run("steps/chroot/clean", in: .root(isEquipped: false), steps, &progress, log)
    try run("steps/chroot/test", in: .root(isEquipped: true), steps, &progress, log)
    try run("steps/chroot/postclean", in: .root(isEquipped: false), steps, &progress, log)
    try run("steps/clean", in: .host, steps, &progress, log)
  }

  /// Stores what `grabinfo` left in the root as the version's `build-info.json`.
  private func takeBuildInfo(
    _ root: borrowing AnchoredDirectory, _ log: borrowing BuildLog
  ) throws(MirrorError) {
    let place: MirrorPath = "tmp/build-info.json"
    var text: [UInt8]?
    do throws(MirrorError) { text = try root.contents(of: place, limit: 1 << 20) } catch {
      if error.code != .system(.noSuchFileOrDirectory) { throw error }
    }
    guard let text else { return }
    guard BuildInfo.isReadable(text) else {
      log.note("\(root.displayed(place)) is not a JSON object of strings: ignored")
      return
    }
    if copies == nil { try records.write(buildInfo: text) }
    try root.directory(place.parent).unlink(place.name)
  }

  private func capture(
    _ epoch: Int64, _ steps: StepRunner, _ work: borrowing WorkDirectory, _ chroot: FilePath,
    _ root: Shared<AnchoredDirectory>, _ provenance: BuildProvenance?, _ log: borrowing BuildLog,
    _ entry: inout BuildReport.Target
  ) throws -> TarballOutput.Captured? {
    var output = try TarballOutput("path/mirror/target", settings, anchor)
    if let copies { output = output.placed(in: copies) }
    let stage = try settings.requiredPath("path/chroot/stage")
    let test = try copies == nil ? StageTest(settings, context) : nil
    if try settings.script("steps/capture") != nil {
      try output.write(by: "steps/capture") {
        try steps.run("steps/capture", in: .host, log: log)
        if let test, let written = try output.written() { try test.run(written, in: work, log) }
      }
      return nil
    }
    log.note("\(settings.target ?? ""): capture \(output.path)")
    context.progress.begin("capturing \(settings.target ?? "")", bytes: 0, files: 0)
    defer { context.progress.end() }
    let tree = try Self.tree(stage, chroot, work, root.value)
    var provenance = provenance
    let captured = try output.capture(
      tree, epoch: epoch, prefix: "./", shiftedBy: steps.confinement.idShift, context,
      SquashfsTools(steps, scripts: scripts), log: log,
      test: { file, digests in
        try test?.run(file, in: work, log)
        guard let reproduce else { return }
        try reproduce(file, digests, work.path, log)
        entry.reproduced = true
        provenance?.isReproduced = true
      },
      documents: { path, sha256 in
        guard copies == nil else { return [] }
        let documents = StageDocuments(
          provenance: provenance, settings: try settings.documents, epoch: epoch, now: context.now)
        // An image may contain more than the root.
        let database = try stage.starts(with: chroot) ? tree.duplicate() : root.value.duplicate()
        return try documents.documents(
          of: path, sha256: sha256, root: database, trees: try packageTrees(), log: log)
      })
    for note in captured.notes { log.note(note) }
    return captured
  }

  /// Where the package tree may be in the root.
  private func packageTrees() throws -> [MirrorPath] {
    try settings.text("snapshot/destination").map { [MirrorPath(String($0.drop { $0 == "/" }))] } ?? []
  }

  /// The tree to capture: the root, a directory in it, or a parent of it in the work directory, for an image
  /// that contains more than the root.
  private static func tree(
    _ stage: FilePath, _ chroot: FilePath, _ work: borrowing WorkDirectory,
    _ root: borrowing AnchoredDirectory
  ) throws(MirrorError) -> AnchoredDirectory {
    if stage == chroot { return try root.duplicate() }
    if stage.starts(with: chroot) { return try root.directory(path(of: stage, in: chroot)) }
    return try work.opened().directory(path(of: stage, in: work.path))
  }

  static func path(of path: FilePath, in top: FilePath) -> MirrorPath {
    var rest = path
    _ = rest.removePrefix(top)
    return MirrorPath(rest.string)
  }
}

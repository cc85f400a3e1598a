import MirrorModel
import LinuxSystem
import SystemPackage

/// Builds one target, from its settings to its trigger.
struct TargetRun {
  let planned: PlannedTarget
  let request: BuildRequest
  let context: BuildContext
  let anchor: Shared<AnchoredDirectory>
  /// nil for a snapshot only.
  let records: VersionRecords?
  let scripts: FilePath
  /// The optional targets that this build lacks: others cannot be made from them.
  let missing: Set<String>
  /// What the build made or found before this target.
  let earlier: [MirrorPath]

  var name: String { planned.name }

  /// How long to wait for a snapshot that another build makes, in seconds.
  private static let patience = 15 * 60

  /// Builds it unless it exists.
  func apply() -> TargetEnd {
    let start = ContinuousClock.now
    var entry = BuildReport.Target(name: name, outcome: .done, isOptional: planned.isOptional)
    var found = TargetFindings()
    do {
      try run(&entry, &found)
    } catch {
      entry.outcome = BuildOutcome(of: error, otherwise: .failed, context.cancellation)
      entry.problem = context.text(error)
      found.isRefused = (error as? MirrorError)?.code == .refused
    }
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    entry.seconds = Double(seconds) + Double(attoseconds / 1_000_000_000_000_000) / 1000
    return TargetEnd(entry: entry, found: found)
  }

  private func run(_ entry: inout BuildReport.Target, _ found: inout TargetFindings) throws {
    let target = try Target(
      name, try BuildSettings(request, target: name, variant: planned.variant, context.source))
    try target.settings.checkPlaces(mirror: context.root)
    let output = try target.output(anchor)
    let log = try makeLog()
    entry.log = records.map { $0.version.appending("log").appending(FileName("\(name).txt")) }
    lazy var made = Result { try inputReader.read(target, variant: planned.variant) }
    let isOutdated = try isOutdated(target, log) { try made.get() }
    let replaces = try target.settings.isOfficial && (target.isToRemake(context, of: request) || isOutdated)
    // Also a wrong setting must be found before anything is built.
    let offer = try PackageOffer(target, of: records?.subarch)
    if try !replaces && isThere(target, output, &entry, log) {
      if let offer { found.offers.insert(offer) }
      return
    }
    try checkSource(target)
    let place = target.progressFile(output, records?.subarch)
    let directory = try anchor.value.makePath(place.directory)
    let progress = ProgressFile(place.name, probe: context.probe, clock: context.now)
    try take(progress, in: directory, target)
    defer { progress.drop(in: directory) }
    // Another build may have made it while this one waited.
    if try !replaces && isThere(target, output, &entry, log) { return }
    try output.removeUnfinished()
    if try replaces && target.isMadeBySpec { try output.remove() }
    let inputs = try made.get()
    if let records { try InputRecord.remove(name, of: records.version, in: anchor.value) }
    if let work = try target.settings.path("path/work") {
      found.warnings += WorkDirectory.sweeping(work.removingLastComponent(), context.cancellation)
    }
    do {
      if try target.isToRemake(context, of: request) || !reuse(target, inputs, output, &entry, log) {
        try make(target, inputs, log, &entry)
        if entry.path == nil { entry.path = try output.existing() }
      }
      try record(inputs, entry)
      try trigger(target, entry.path, log)
      if let offer { found.offers.insert(offer) }
    } catch {
      tellOfFailure(target, &entry, &found, log)
      if context.keepsWork, (error as? MirrorError)?.code != .busy,
        let work = try? target.settings.path("path/work"), work.exists
      {
        entry.work = work.string
      }
      throw error
    }
  }

  private var inputReader: InputReader {
    InputReader(request: request, context: context, anchor: anchor)
  }

  /// Whether it exists in a version that is not finished, but was made from other inputs than it would be now.
  private func isOutdated(
    _ target: Target, _ log: borrowing BuildLog, _ inputs: () throws -> TargetInputs?
  ) throws -> Bool {
    guard let records, try !records.isDone() else { return false }
    let changes = inputReader.changes(of: target, in: records.version, after: earlier, inputs)
    guard !changes.isEmpty else { return false }
    log.note(
      "\(name): is built again, since other inputs made it: \(changes.map(\.name).joined(separator: ", "))")
    return true
  }

  /// Takes it from an earlier version that was made from the same inputs, if there is one.
  private func reuse(
    _ target: Target, _ inputs: TargetInputs?, _ output: any TargetOutput,
    _ entry: inout BuildReport.Target, _ log: borrowing BuildLog
  ) throws -> Bool {
    guard let records, let inputs else { return false }
    let earlier = EarlierOutputs(target: name, context: context, anchor: anchor, version: records.version)
    guard let found = try earlier.made(from: inputs.key) else { return false }
    let documents = ReusedDocuments(
      context: context, seed: try RequiredTarball.find("path/mirror/source", target.settings),
      snapshot: target.kind == .stage
        ? try RequiredTarball.find("path/mirror/snapshot", target.settings) : nil)
    guard let files = try earlier.reuse(found, as: output.path.name, documents, log: log),
      let first = files.first
    else { return false }
    log.note("\(name): is that of \(found.version.name), which was made from the same inputs")
    (entry.path, entry.size, entry.sha256) = (first.path, first.size, first.sha256)
    entry.reused = found.version
    entry.reproduced = found.record.reproduced
    if files.count > 1 { entry.files = files }
    return true
  }

  /// Records what it was made from.
  private func record(_ inputs: TargetInputs?, _ entry: BuildReport.Target) throws(MirrorError) {
    guard let records, let inputs else { return }
    var files = entry.files ?? []
    if files.isEmpty, let path = entry.path, let file = try file(path, entry) { files = [file] }
    let known = files.compactMap { file in
      file.sha256.map { InputRecord.File(name: "\(file.path.name)", bytes: file.size, sha256: $0) }
    }
    let record = InputRecord(
      inputs, known.count == files.count ? known : [], reproduced: entry.reproduced)
    try record.write(name, of: records.version, in: anchor.value)
  }

  /// The tarball or image, with the digest of what a step wrote.
  private func file(_ path: MirrorPath, _ entry: BuildReport.Target) throws(MirrorError) -> ImageFile? {
    guard let status = try anchor.value.status(at: path) else { return nil }
    if let sha256 = entry.sha256 ?? entry.digest {
      return ImageFile(path: path, size: status.size, sha256: sha256)
    }
    let sha256 = try context.sha256(of: anchor.value.root.appending("\(path)"))
    return ImageFile(path: path, size: status.size, sha256: sha256)
  }

  /// Throws if it is made from an image that failed: the last one would be of an older version.
  private func checkSource(_ target: Target) throws {
    guard let source = try target.settings.text("stage4/source"), missing.contains(source) else { return }
    throw MirrorError(
      .refused, name, "is not built: it is made from \(source), which this build lacks",
      remedy: "build \(source) first")
  }

  private func makeLog() throws(MirrorError) -> BuildLog {
    guard let records else { return try BuildLog.inMemory(tell: context.tell) }
    return try BuildLog(FileName("\(name).txt"), in: try records.logs(), tell: context.tell)
  }

  /// Whether there is nothing to build; then the follow-up of a finished target is repeated.
  private func isThere(
    _ target: Target, _ output: any TargetOutput, _ entry: inout BuildReport.Target, _ log: borrowing BuildLog
  ) throws -> Bool {
    guard try target.settings.isOfficial else {
      // Such a build leaves no tarball: a version that has a status was tried.
      entry.wasThere =
        try records.map { try $0.directory().status(of: VersionFile.status.path.name) != nil } ?? false
      return entry.wasThere
    }
    guard let path = try output.existing() else { return false }
    log.note("\(name): \(path) already exists")
    entry.wasThere = true
    entry.path = path
    try trigger(target, path, log)
    return true
  }

  private func take(
    _ progress: ProgressFile, in directory: borrowing AnchoredDirectory, _ target: Target
  ) throws(MirrorError) {
    let deadline = ContinuousClock.now + .seconds(target.kind == .snapshot ? Self.patience : 0)
    var isTold = false
    while true {
      do throws(MirrorError) {
        try progress.take(in: directory)
        return
      } catch {
        guard error.code == .busy, ContinuousClock.now < deadline else { throw error }
      }
      if !isTold { context.tell("\(name): waiting for another build to finish it") }
      isTold = true
      try context.cancellation.wait(milliseconds: 200)
    }
  }

  private func make(
    _ target: Target, _ inputs: TargetInputs?, _ log: borrowing BuildLog, _ entry: inout BuildReport.Target
  ) throws {
    switch target.kind {
    case .snapshot:
      entry.take(
        try SnapshotTarget(
          settings: target.settings, context: context, anchor: anchor, scripts: scripts
        ).run(log: log))
    case .stage:
      guard let records else {
        throw MirrorError(
          .invalid, name, "is a stage, but no subarch is given", remedy: "give BUILD ARCH SUBARCH")
      }
      var stage = StageTarget(
        settings: target.settings, context: context, anchor: anchor, records: records, scripts: scripts)
      if let second = try StageReproduction(target, stage, request, variant: planned.variant) {
        stage.reproduce = { file, digests, work, log in
          try second.run(file, digests[.sha256], beside: work, log)
        }
      }
      entry.take(
        try stage.run(key: inputs?.key, try progress(target, inputs), log: log, &entry))
    case .export:
      let made = try ExportTarget(settings: target.settings, context: context, anchor: anchor).run(
        key: inputs?.key, log: log)
      guard let made, let image = made.files.first else { return }
      (entry.path, entry.size, entry.sha256) = (image.path, image.size, image.sha256)
      entry.format = made.format
      if made.files.count > 1 { entry.files = made.files }
    }
  }

  /// What is recorded with a root that is kept.
  private func progress(_ target: Target, _ inputs: TargetInputs?) throws -> StageProgress {
    let names = [request.build, request.arch ?? "", request.subarch ?? "", request.version.description, name]
    var inputs = inputs
    if inputs == nil, context.keepsWork {
      inputs = try inputReader.inputs(of: target, variant: planned.variant, hasSnapshot: false)
    }
    return StageProgress(of: names.joined(separator: " "), from: inputs)
  }

  /// The follow-up of a finished target, by the spec's own step or by mirrorctl.
  func trigger(_ target: Target, _ tarball: MirrorPath?, _ log: borrowing BuildLog) throws {
    guard try target.settings.isOfficial else { return }
    if target.kind != .snapshot, let records, try records.isCandidate() {
      guard let tarball else { return }
      return try OkTrigger(settings: target.settings, anchor: anchor, records: records).run(tarball, log: log)
    }
    let root = try target.settings.path("path/chroot") ?? "/var/empty"
    let steps = try StepRunner(target.settings, context, root: root, scripts: scripts, confinement: .idmapped)
    if try steps.run("trigger/ok/run", in: .host, log: log) { return }
    guard let tarball else { return }
    try OkTrigger(
      settings: target.settings, anchor: anchor, records: target.kind == .snapshot ? nil : records
    ).run(tarball, log: log)
  }

  /// Reports the first error, and the packages that failed.
  private func tellOfFailure(
    _ target: Target, _ entry: inout BuildReport.Target, _ found: inout TargetFindings,
    _ log: borrowing BuildLog
  ) {
    // The log of an image contains only what mirrorctl did.
    guard target.kind != .export else { return }
    let excerpt = LogExcerpt(log)
    entry.firstError = excerpt.firstError
    found.failedPackages += excerpt.failed
  }
}

extension BuildReport.Target {
  /// What mirrorctl captured; nil if the spec's own step wrote the tarball.
  fileprivate mutating func take(_ captured: TarballOutput.Captured?) {
    (path, size, digest) = (captured?.path, captured?.size, captured?.sha256)
    if captured?.isFinal == true { sha256 = digest }
  }
}

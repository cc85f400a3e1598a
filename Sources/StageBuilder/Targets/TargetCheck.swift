import FlexData
import MirrorModel
import LinuxSystem
import SystemPackage

/// Finds what is wrong with the specification of a target before anything is built: every setting that is
/// read later, and every script.
struct TargetCheck {
  let target: Target
  let context: BuildContext
  let anchor: Shared<AnchoredDirectory>
  /// nil for a snapshot only.
  let records: VersionRecords?

  private var settings: BuildSettings { target.settings }

  private static let snapshotStep = "steps/run"
  private static let trigger = "trigger/ok/run"

  /// - Throws: the first thing that is wrong. Settings that depend on files that do not exist yet are skipped.
  func run() throws {
    let output = try ifKnown { try target.output(anchor) }
    try checkNames()
    try checkTrigger()
    // An existing target is not made again, and may have come from another machine.
    if try !target.isToReplace(), try output?.existing() != nil { return }
    try output?.checkTools()
    switch target.kind {
    case .snapshot: try checkSnapshot()
    case .stage: try checkStage(output as? TarballOutput)
    case .export: try checkExport()
    }
  }

  /// Runs a check, unless it depends on files that an earlier target or a step writes.
  @discardableResult
  private func ifKnown<Value>(_ check: () throws -> Value) throws -> Value? {
    do { return try check() } catch let error as FlexDataError
      where settings.isUnknownYet(error, mirror: context.root)
    { return nil }
  }

  private func checkScripts(_ names: [String]) throws {
    for name in names { try ifKnown { try settings.check(script: name) } }
  }

  private func has(_ script: String) throws -> Bool { try ifKnown { try settings.defines(script) } ?? false }

  /// Throws if a script has a name that nothing runs, and that resembles the name of a step.
  private func checkNames() throws {
    let known = Target.stageSteps + [Self.snapshotStep, Self.trigger]
    for (name, place) in settings.scripts(in: ["steps", "trigger"]) where !known.contains(name) {
      let path = FilePath(name)
      let siblings = known.map { FilePath($0) }.filter {
        $0.removingLastComponent() == path.removingLastComponent()
      }
      guard let last = path.lastComponent?.string,
        let near = Spelling.nearest(to: last, in: siblings.compactMap(\.lastComponent?.string))
      else { continue }
      throw MirrorError(
        .invalid, "\(place): \(name)", "is not a step",
        remedy: "did you mean `\(path.removingLastComponent().appending(near))`?")
    }
  }

  private func checkTrigger() throws {
    guard try settings.isOfficial else { return }
    try checkScripts([Self.trigger])
    guard try !has(Self.trigger) else { return }
    let trigger = OkTrigger(
      settings: settings, anchor: anchor, records: target.kind == .snapshot ? nil : records)
    try ifKnown { try trigger.links() }
    try ifKnown { try trigger.record() }
  }

  private func checkSnapshot() throws {
    try checkScripts([Self.snapshotStep])
    try ifKnown {
      let work = try settings.requiredPath("path/work")
      let steps = try StepRunner(settings, context, root: work, scripts: work, confinement: .idmapped)
      if try !has(Self.snapshotStep) { _ = try SnapshotSource(settings, steps, work, context.cancellation) }
    }
    try checkVersion()
  }

  private func checkStage(_ output: TarballOutput?) throws {
    guard try has("steps/chroot/run") else { throw settings.undefined("steps/chroot/run") }
    try checkScripts(Target.stageSteps)
    try ifKnown { try StepRunner.network(settings) }
    try ifKnown { _ = try settings.limits }
    try ifKnown { _ = try settings.documents }
    try ifKnown { _ = try StepRunner.memory(settings) }
    try ifKnown { try StagePlaces(settings).check() }
    try ifKnown { try StageTest.check(settings, context, output) }
    try ifKnown { try StageReproduction.check(settings) }
    try ifKnown { try settings.requiredPath("path/mirror/source") }
    if try settings.isOfficial { try ifKnown { try settings.requiredPath("path/mirror/snapshot") } }
    try checkVersion()
  }

  private func checkExport() throws {
    try ifKnown {
      let export = try ExportRun(try settings.exportSection(), trial: try settings.trial)
      try export.checkTools()
      let architecture = try settings.text("target/arch_desc").flatMap {
        Architecture(directory: FileName($0))
      }
      if let architecture { try export.checkTest(for: architecture) }
    }
    try ifKnown { _ = try settings.documents }
    for key in ["path/mirror/source", "path/work"] { try ifKnown { try settings.requiredPath(key) } }
    try checkVersion()
  }

  private func checkVersion() throws {
    try ifKnown {
      let version = try settings.required("target/version")
      guard VersionDate(version.utf8) == nil else { return }
      throw MirrorError(
        .invalid, "target/version", "`\(version)` is not a date", remedy: "use \(VersionDate.forms)")
    }
  }
}

import LinuxSystem
import SystemPackage

/// A snapshot of the package tree.
struct SnapshotTarget {
  let settings: BuildSettings
  let context: BuildContext
  let anchor: Shared<AnchoredDirectory>
  /// The directory for the scripts of host steps.
  let scripts: FilePath

  /// Makes it, by the spec's own step or from `snapshot/source`.
  ///
  /// - Returns: what mirrorctl captured; nil if the spec's own step wrote the tarball.
  func run(log: borrowing BuildLog) throws -> TarballOutput.Captured? {
    let output = try TarballOutput("path/mirror/snapshot", settings, anchor)
    var work = try WorkDirectory(
      try settings.requiredPath("path/work"), cancellation: context.cancellation)
    let steps = try StepRunner(settings, context, root: work.path, scripts: scripts, confinement: .idmapped)
    if try settings.script("steps/run") != nil {
      try output.write(by: "steps/run") { try steps.run("steps/run", in: .host, log: log) }
      try work.remove()
      return nil
    }
    let source = try SnapshotSource(settings, steps, work.path, context.cancellation)
    let tree = try source.fetch(
      version: try settings.required("target/version"), log: log)
    let captured = try output.capture(
      try AnchoredDirectory(root: tree.path), epoch: tree.epoch, prefix: source.prefix + "/",
      omitting: tree.omitted, context, SquashfsTools(steps, scripts: scripts), log: log)
    for note in captured.notes { log.note(note) }
    try work.remove()
    return captured
  }
}

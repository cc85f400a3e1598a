import LinuxSystem
import MirrorModel
import MirrorTools
import StageTrees
import SystemPackage

/// Finds the inputs of targets.
struct InputReader {
  let request: BuildRequest
  let context: BuildContext
  let anchor: Shared<AnchoredDirectory>

  /// Elements that the engine reads, beside the scripts.
  private static let elements = [
    "build/network", "build/test", "capture/level", "capture/compress", "snapshot/destination",
    "snapshot/prefix",
    "test/script",
  ]
  /// Steps that read or write tarballs, whose names have the version.
  private static let tarballSteps: Set<String> = ["steps/unpack", "steps/capture"]
  private static let tarballs = ["path/mirror/source", "path/mirror/snapshot", "path/mirror/target"]
  /// Settings of exports that are not about the image.
  private static let outside: Set<String> = ["authfile", "source", "profile", "connections"]

  /// - Parameter hasSnapshot: whether the snapshot exists already; otherwise it is left out.
  /// - Returns: nil for targets that have no key: snapshots, images elsewhere, and what is not for the mirror.
  /// - Throws: if the seed or the snapshot does not exist.
  func read(
    _ target: Target, variant: String?, hasSnapshot: Bool = true
  ) throws -> TargetInputs? {
    guard try target.settings.isOfficial, target.kind != .snapshot else { return nil }
    return try inputs(of: target, variant: variant, hasSnapshot: hasSnapshot)
  }

  /// Also for what is not for the mirror, from which only its own root is made.
  ///
  /// - Parameter hasSnapshot: whether it is made from the snapshot.
  func inputs(of target: Target, variant: String?, hasSnapshot: Bool) throws -> TargetInputs? {
    let settings = try BuildSettings(
      request, target: target.name, variant: variant, context.source, isNeutral: true)
    let text = NeutralText(settings)
    var values = ["engine": TargetInputs.engine]
    values["architecture"] = try settings.text("target/arch_desc")
    values["seed"] = try digest("path/mirror/source", settings)
    if target.kind == .export {
      let section = try settings.exportSection()
      guard !section.format.hasJournal else { return nil }
      values["format"] = section.format.rawValue
      // The time of the image.
      values["version"] = try settings.required("target/version")
      for (name, value) in try settings.texts(in: "export/\(target.name)") where !Self.outside.contains(name)
      {
        values["export/\(name)"] = text.of(value)
      }
      return try TargetInputs(values)
    }
    if hasSnapshot { values["snapshot"] = try digest("path/mirror/snapshot", settings) }
    values["suffix"] = TarballName(try target.output(anchor).path.name, .builtIn)?.suffix
    values["path/chroot/stage"] = try settings.text("path/chroot/stage").map(text.of)
    let placed = NeutralText(settings, and: Self.tarballs)
    for step in Target.stageSteps {
      let text = Self.tarballSteps.contains(step) ? placed : text
      values[step] = try settings.script(step).map(text.of)
    }
    for name in Self.elements { values[name] = try settings.text(name).map(text.of) }
    for (name, value) in try settings.texts(in: "mounts") { values["mounts/\(name)"] = text.of(value) }
    values["overlay"] = try settings.path("path/overlay").map(overlay)
    return try TargetInputs(values)
  }

  /// What changed since a target of an unfinished version was made; none if that is not known.
  ///
  /// - Parameters:
  ///   - inputs: reads what it would be made from now.
  ///   - earlier: what the build made or found before this target.
  func changes(
    of target: Target, in version: MirrorPath, after earlier: [MirrorPath],
    _ inputs: () throws -> TargetInputs?
  ) -> [TargetInputs.Change] {
    guard let record = InputRecord.read(target.name, of: version, in: anchor.value),
      // What cannot be made again is kept.
      let inputs = (try? inputs()) ?? nil
    else { return [] }
    return inputs.changes(since: record.inputs).filter { change in
      change.name != "seed" || !isMadeLater(target, version, earlier)
    }
  }

  /// Whether the seed is a stage of this version that is made after this target: its stage3, from which the next version
  /// starts.
  private func isMadeLater(_ target: Target, _ version: MirrorPath, _ earlier: [MirrorPath]) -> Bool {
    guard let seed = try? RequiredTarball.find("path/mirror/source", target.settings).canonical else {
      return false
    }
    func path(_ member: MirrorPath) -> FilePath { anchor.value.root.appending("\(member)").canonical }
    return seed.starts(with: path(version)) && !earlier.contains { path($0) == seed }
  }

  private func digest(_ key: String, _ settings: BuildSettings) throws -> String {
    try context.sha256(of: try RequiredTarball.find(key, settings))
  }

  /// The SHA-256 of the files of a directory.
  private func overlay(_ path: FilePath) throws(MirrorError) -> String {
    var options = TreeCapture.Options(
      compression: nil, threads: context.jobs, epoch: Int64(Int32.max), algorithms: [])
    options.digestsArchive = true
    let null = try attempt("open", "/dev/null") { () throws(Errno) in try Descriptor(writing: "/dev/null") }
    let report = try TreeCapture(options, cancellation: context.cancellation).capture(path, into: null)
    return report.archiveDigests[.sha256].map(hex) ?? ""
  }
}

import LinuxSystem
import MirrorModel
import MirrorTools
import SystemPackage

/// An image of a finished stage, made as by `mirrorctl export` with the settings of `[section export/NAME]`.
struct ExportTarget {
  let settings: BuildSettings
  let context: BuildContext
  let anchor: Shared<AnchoredDirectory>

  /// Makes it.
  ///
  /// - Returns: the format, and the files; nil for a build that makes nothing for the mirror.
  /// - Throws: with the name of the target.
  func run(log: borrowing BuildLog) throws -> (format: ExportFormat, files: [ImageFile])? {
    do { return try make(log) } catch let error as MirrorError {
      throw MirrorError(
        error.code, "\(settings.target ?? ""): \(error.subject)", error.problem, remedy: error.remedy)
    }
  }

  private func make(_ log: borrowing BuildLog) throws -> (format: ExportFormat, files: [ImageFile])? {
    guard try settings.isOfficial else { return nil }
    let name = settings.target ?? ""
    let section = try settings.exportSection()
    let export = try ExportRun(section, trial: try settings.trial)
    let output = try ImageOutput(settings, anchor)
    let source = try RequiredTarball.find(
      "path/mirror/source", settings, remedy: "build the stage first, in the same version")
    var work = try WorkDirectory(
      try settings.requiredPath("path/work"), cancellation: context.cancellation)
    var job = try ExportJob(
      source, to: try output.target(in: work.path),
      epoch: VersionDate(try settings.required("target/version").utf8)?.seconds, threads: context.jobs,
      ownership: .ofThisProcess(mode: 0o600), workPlace: work.path, cancellation: context.cancellation,
      progress: context.progress)
    job.properties = try properties()
    log.note("\(name): export \(source) as \(section.format.rawValue)")
    let report = try run(export, job, log)
    for note in report.notes { log.note(note) }
    for image in report.images { log.note("\(name): registered \(image.image ?? "") in \(image.region)") }
    let files = try output.take(report.files, from: try work.opened(), context)
    for file in files {
      log.note("\(name): \(file.path), \(humanBytes(file.size)), sha256 \(file.sha256 ?? "unknown")")
    }
    try work.remove()
    return (section.format, files)
  }

  /// Makes the image. A stage that the format refuses counts as a failure, unlike a build that is refused.
  private func run(
    _ export: ExportRun, _ job: ExportJob, _ log: borrowing BuildLog
  ) throws -> ExportReport {
    do { return try export.run(job) } catch let failure as ImageTest.Failure {
      for line in failure.output { log.note("| \(line)") }
      throw failure.error
    } catch let error as MirrorError where error.code == .refused {
      throw MirrorError(.invalid, error.subject, error.problem, remedy: error.remedy)
    }
  }

  /// Of the stage, for images that contain them.
  private func properties() throws -> [String: String] {
    var properties: [String: String] = [:]
    for (name, key) in [("os", "release/style"), ("release", "target/build"), ("variant", "target/subarch")] {
      properties[name] = try settings.text(key)
    }
    properties["serial"] = try settings.text("target/version")?.filter { $0 != "-" }
    return properties
  }
}

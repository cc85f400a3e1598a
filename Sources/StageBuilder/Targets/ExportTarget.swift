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
  /// - Parameter key: that of its inputs, for its provenance.
  /// - Returns: the format, and the files; nil for a build that makes nothing for the mirror.
  /// - Throws: with the name of the target.
  func run(key: String?, log: borrowing BuildLog) throws -> (format: ExportFormat, files: [ImageFile])? {
    do { return try make(key, log) } catch let error as MirrorError {
      throw MirrorError(
        error.code, "\(settings.target ?? ""): \(error.subject)", error.problem, remedy: error.remedy)
    }
  }

  private func make(_ key: String?, _ log: borrowing BuildLog) throws -> (
    format: ExportFormat, files: [ImageFile]
  )? {
    guard try settings.isOfficial else { return nil }
    let name = settings.target ?? ""
    let section = try settings.exportSection()
    let export = try ExportRun(section, trial: try settings.trial)
    let output = try ImageOutput(settings, anchor)
    let source = try RequiredTarball.find(
      "path/mirror/source", settings, remedy: "build the stage first, in the same version")
    let documents = try settings.documents
    var provenance =
      try documents.hasProvenance
      ? BuildProvenance(settings, documents, context, seed: source, snapshot: nil) : nil
    provenance?.key = key
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
    let beside = StageDocuments(
      provenance: provenance, settings: documents, epoch: job.epoch, now: context.now)
    let made = try work.opened()
    let files = try output.completing {
      let files = try output.take(report.files, from: made, context)
      try write(beside, of: files, from: source, log)
      return files
    }
    for file in files {
      log.note("\(name): \(file.path), \(humanBytes(file.size)), sha256 \(file.sha256 ?? "unknown")")
    }
    try work.remove()
    return (section.format, files)
  }

  /// Writes the documents of an image beside it.
  private func write(
    _ documents: StageDocuments, of files: [ImageFile], from source: FilePath, _ log: borrowing BuildLog
  ) throws {
    guard !documents.settings.isEmpty, let image = files.first, let name = source.lastComponent else {
      return
    }
    let hashed = files.compactMap { file in file.sha256.map { (path: file.path, sha256: $0) } }
    guard hashed.count == files.count else { return }
    let stage = (name: FileName(name.string), sha256: try context.sha256(of: source))
    let made = try documents.documents(
      of: hashed, like: stage, in: AnchoredDirectory(root: source.removingLastComponent()), log: log)
    let directory = try anchor.value.directory(image.path.parent)
    try StageDocuments.write(
      made, beside: image.path.name, in: directory, try directory.fileOwnership())
    try directory.sync()
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

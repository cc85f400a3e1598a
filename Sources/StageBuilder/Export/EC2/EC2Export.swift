import Hashing
import LinuxSystem
import MirrorModel
import MirrorTools
import SystemPackage

/// Sends a disk to Amazon EC2 and registers it as an image (AMI), in one region or several. The file that it writes is the
/// record of these images. The disk of a stage is made first, as by format raw.
///
/// Each resource is in the journal beside the record before it is created, so an export that was killed is continued by
/// the next one, or removed by ``abandon(_:)``: nothing that costs money is unlisted.
struct EC2Export: ImageMaker {
  private let settings: EC2Settings
  /// Makes the disk of a stage.
  private let disk: DiskExport

  let tools: [HostTool]

  init(_ settings: SettingsSection) throws {
    self.settings = try EC2Settings(settings)
    // The first serial port is the console of EC2, of any architecture.
    disk = try DiskExport(
      .raw, try settings.part(EC2Settings.diskPart, .raw),
      DiskSettings.Defaults(variant: .automatic, consoles: ["tty0", "ttyS0,115200"]))
    tools = [.boto3] + disk.tools
  }

  func tools(for source: FilePath) -> [HostTool] { CloudDisk.isDisk(source) ? [.boto3] : tools }

  func make(_ job: ExportJob) throws -> ExportedImage {
    let name = try settings.name(of: try job.image.fileName())
    var job = job
    if job.givenArchitecture == nil {
      job.givenArchitecture =
        CloudDisk.isDisk(job.source)
        ? try CloudDisk.architecture(of: job.source) : try job.architecture()
    }
    let architecture = try job.architecture()
    let title = try settings.architecture(architecture)
    let journal = try CloudJournal(job)
    let helper = CloudHelper(settings.account, job.cancellation)
    // Wrong keys are reported before the disk is read, or made.
    let answer = try helper.run(CloudRequest(.session, region: settings.region))
    let region = answer.region ?? settings.region ?? ""
    let stage = try stage(of: job)
    var notes: [String] = []
    var disk: CloudDisk?
    let record: CloudRecord
    if let known = try registered(journal, stage, name, title, region, job) {
      record = known
    } else {
      let found = try self.disk(of: job, in: journal, &notes)
      _ = try settings.volumeSize(found.source.gigabytes)
      let wanted = CloudRecord(
        section: settings.account.section, name: name, architecture: title, source: found.source,
        stage: stage, region: region)
      record = try begin(wanted, journal, job, &notes)
      disk = found
    }
    var upload = EC2Upload(settings, helper, job, journal, disk, record)
    let bytes = try upload.run()
    let file = try ExportedFile(path: job.image, content: bytes)
    return ExportedImage(
      architecture: architecture, files: [file], images: upload.record.images, notes: notes)
  }

  /// What identifies the disk of a tarball without making it; nil for a disk, and for a directory.
  private func stage(of job: ExportJob) throws -> CloudRecord.Stage? {
    guard !CloudDisk.isDisk(job.source), !job.isDirectory else { return nil }
    let settings = settings.disk.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    let text = (settings + ["\(job.epoch)"]).joined(separator: "\n")
    return CloudRecord.Stage(
      sha256: try CloudDisk(job.source).source.sha256,
      settings: hex(try OpenSSLDigest.sha256(of: Array(text.utf8))))
  }

  /// The record of an image of the same stage that was registered: its disk is not needed again.
  private func registered(
    _ journal: CloudJournal, _ stage: CloudRecord.Stage?, _ name: String, _ architecture: String,
    _ region: String, _ job: ExportJob
  ) throws(MirrorError) -> CloudRecord? {
    guard let stage, let record = journal.latest, record.stage == stage, record.name == name,
      record.architecture == architecture, record.images[0].region == region, record.images[0].image != nil
    else { return nil }
    try check(record, job)
    return record
  }

  /// The disk to send: the source, or that of the stage, which is made.
  private func disk(
    of job: ExportJob, in journal: CloudJournal, _ notes: inout [String]
  ) throws -> CloudDisk {
    guard !CloudDisk.isDisk(job.source) else { return try CloudDisk(job.source) }
    let made = try disk.make(job.making("disk.raw", in: journal.workPlace(job)))
    notes += made.notes
    job.progress.end()
    guard let file = made.files.first else { throw MirrorError(.library, "\(job.source)", "has no disk") }
    return try CloudDisk(file.path, sha256: file.digests[.sha256])
  }

  func abandon(_ job: ExportJob) throws -> [RemovedResource] {
    let journal = try CloudJournal(job)
    let removal = removal(job)
    guard journal.begun != nil || journal.complete != nil else {
      throw MirrorError(
        .invalid, "\(job.image)", "does not exist, and no export of it was interrupted",
        remedy: "check the path")
    }
    try HostTool.check([.boto3], for: "images of Amazon EC2")
    var removed: [RemovedResource] = []
    for (record, isJournal) in [(journal.begun, true), (journal.complete, false)] {
      guard let record else { continue }
      try check(record, job)
      removed += try removal.remove(record, isJournal: isJournal)
    }
    try journal.forget()
    return removed
  }

  private func removal(_ job: ExportJob) -> CloudRemoval {
    CloudRemoval([settings.account.section: .success(settings.account)], job.cancellation)
  }

  /// Its images are in the account of its section.
  private func check(_ record: CloudRecord, _ job: ExportJob) throws(MirrorError) {
    guard record.section != settings.account.section else { return }
    throw MirrorError(
      .refused, "\(job.image)", "was made with the settings of [section export/\(record.section)]",
      remedy: "use that section, or write another file")
  }

  /// What an earlier export of the same image left, or a new record; what one of another image left is removed.
  private func begin(
    _ wanted: CloudRecord, _ journal: CloudJournal, _ job: ExportJob, _ notes: inout [String]
  ) throws(MirrorError) -> CloudRecord {
    if let complete = journal.complete {
      try check(complete, job)
      guard complete.isOfSameImage(as: wanted) else {
        throw MirrorError(
          .refused, "\(job.image)", "lists images of another disk, or with another name or region",
          remedy: "remove these images first, or write another file")
      }
      return (journal.latest ?? complete).made(from: wanted.stage)
    }
    if let begun = journal.begun {
      try check(begun, job)
      if begun.isOfSameImage(as: wanted) { return begun.made(from: wanted.stage) }
      let removed = try removal(job).remove(begun, isJournal: true)
      if !removed.isEmpty {
        notes.append(
          "removed \(removed.map(\.resource).joined(separator: ", ")) of an interrupted export of another disk"
        )
      }
    }
    try journal.save(wanted)
    return wanted
  }
}

extension CloudRecord {
  /// The same, of a disk that was made from this stage now.
  fileprivate func made(from stage: Stage?) -> CloudRecord {
    var record = self
    record.stage = stage ?? self.stage
    return record
  }

  /// Whether an export of the other one continues this one.
  fileprivate func isOfSameImage(as other: CloudRecord) -> Bool {
    source == other.source && name == other.name && architecture == other.architecture
      && images.first?.region == other.images.first?.region
  }
}

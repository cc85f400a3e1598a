import LinuxSystem
import MirrorModel
import MirrorTools
import SystemPackage

/// Sends a disk to Amazon EC2 and registers it as an image (AMI), in one region or several. The file that it writes is the
/// record of these images.
///
/// Each resource is in the journal beside the record before it is created, so an export that was killed is continued by
/// the next one, or removed by ``abandon(_:)``: nothing that costs money is unlisted.
struct EC2Export: ImageMaker {
  private let settings: EC2Settings

  let tools: [HostTool] = [.boto3]

  init(_ settings: SettingsSection) throws { self.settings = try EC2Settings(settings) }

  func make(_ job: ExportJob) throws -> ExportedImage {
    guard CloudDisk.isDisk(job.source), !job.isDirectory else {
      throw MirrorError(
        .refused, "\(job.source)", "is not a raw image of a disk (.raw or .img)",
        remedy: "make one first, and send that")
    }
    let name = try settings.name(of: try job.image.fileName())
    let architecture = try job.givenArchitecture ?? CloudDisk.architecture(of: job.source)
    let title = try settings.architecture(architecture)
    let journal = try CloudJournal(job)
    let helper = CloudHelper(settings.account, job.cancellation)
    // Wrong keys are reported before the disk is read.
    let answer = try helper.run(CloudRequest(.session, region: settings.region))
    let region = answer.region ?? settings.region ?? ""
    let disk = try CloudDisk(job.source)
    _ = try settings.volumeSize(disk.gigabytes)
    let wanted = CloudRecord(
      section: settings.account.section, name: name, architecture: title, source: disk.source, region: region)
    var notes: [String] = []
    let record = try begin(wanted, journal, job, &notes)
    var upload = EC2Upload(settings, helper, job, journal, disk, record)
    let bytes = try upload.run()
    let file = try ExportedFile(path: job.image, content: bytes)
    return ExportedImage(
      architecture: architecture, files: [file], images: upload.record.images, notes: notes)
  }

  func abandon(_ job: ExportJob) throws -> [RemovedResource] {
    let journal = try CloudJournal(job)
    let removal = removal(job)
    guard journal.begun != nil || journal.complete != nil else {
      throw MirrorError(
        .invalid, "\(job.image)", "does not exist, and no export of it was interrupted",
        remedy: "check the path")
    }
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
    CloudRemoval([settings.account.section: settings.account], job.cancellation)
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
      // A later export to more regions may have been interrupted.
      if let begun = journal.begun, begun.token == complete.token { return begun }
      return complete
    }
    if let begun = journal.begun {
      try check(begun, job)
      if begun.isOfSameImage(as: wanted) { return begun }
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
  /// Whether an export of the other one continues this one.
  fileprivate func isOfSameImage(as other: CloudRecord) -> Bool {
    source == other.source && name == other.name && architecture == other.architecture
      && images.first?.region == other.images.first?.region
  }
}

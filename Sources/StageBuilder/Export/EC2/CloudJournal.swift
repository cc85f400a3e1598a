import LinuxSystem
import MirrorTools
import SystemPackage

/// The record of an export, and its journal while it is made. One run at a time has it.
final class CloudJournal {
  private let work: ExportWork
  private let path: FilePath
  private let image: FilePath
  /// The directory of both.
  private let place: FilePath
  /// What an earlier export left: complete, or in a journal.
  private(set) var complete: CloudRecord?
  private(set) var begun: CloudRecord?

  /// - Throws: code `busy` if another run makes the same image.
  init(_ job: ExportJob) throws(MirrorError) {
    let name = try job.image.fileName()
    image = job.image
    place = job.image.removingLastComponent()
    path = place.appending("\(CloudRecord.journal(of: name))")
    // Where others look for them, wherever the image is made.
    let work = try ExportWork.make(job.making(name, in: place))
    let directory = try job.image.openParent()
    complete = try CloudRecord.read(name, in: directory)
    begun = try CloudRecord.read(CloudRecord.journal(of: name), in: directory)
    self.work = work
  }

  /// What an export of the same image continues: one to more regions may have been interrupted.
  var latest: CloudRecord? {
    guard let complete else { return begun }
    return begun?.token == complete.token ? begun : complete
  }

  /// A directory for the disk.
  func workPlace(_ job: ExportJob) -> FilePath { job.workPlace == place ? work.path : job.workPlace }

  /// Writes the journal.
  func save(_ record: CloudRecord) throws(MirrorError) {
    begun = record
    try work.write(try record.bytes(), as: path)
  }

  /// Writes the record, and deletes the journal.
  ///
  /// - Returns: the bytes of the record.
  func finish(_ record: CloudRecord) throws(MirrorError) -> [UInt8] {
    var record = record
    record.sent = nil
    let bytes = try record.bytes()
    try work.write(bytes, as: image)
    complete = record
    try delete(path)
    begun = nil
    return bytes
  }

  /// Deletes the record and the journal: nothing that they list exists any more.
  func forget() throws(MirrorError) {
    try delete(image)
    try delete(path)
  }

  private func delete(_ path: FilePath) throws(MirrorError) {
    let directory = try path.openParent()
    try directory.unlink(try path.fileName())
    try directory.sync()
  }
}

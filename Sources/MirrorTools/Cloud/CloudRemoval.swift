package import LinuxSystem

/// Deregisters images and deletes their snapshots.
package struct CloudRemoval: Sendable {
  /// By section of the configuration.
  private let accounts: [String: Result<CloudAccount, MirrorError>]
  private let cancellation: Cancellation

  package init(_ accounts: [String: Result<CloudAccount, MirrorError>], _ cancellation: Cancellation) {
    self.accounts = accounts
    self.cancellation = cancellation
  }

  /// Removes everything that a record lists, and everything with its tag in the same regions. Resources that
  /// do not exist any more are not an error.
  ///
  /// - Parameter isJournal: whether resources may exist that the record does not list yet.
  /// - Returns: the removed resources, each with its region.
  /// - Throws: if something could not be removed, or is not of this export.
  @discardableResult
  package func remove(_ record: CloudRecord, isJournal: Bool) throws(MirrorError) -> [RemovedResource] {
    // Where and with which keys is what our own configuration says: the record may be of another host.
    let account = try accounts[record.section]?.get() ?? CloudAccount(defaultFor: record.section)
    let helper = CloudHelper(account, cancellation)
    var removed: [RemovedResource] = []
    // Copies first: the first image is the source of them all.
    for place in record.images.reversed() {
      var request = CloudRequest(.remove, region: place.region)
      (request.token, request.image, request.snapshots) = (record.token, place.image, place.snapshots)
      request.name = isJournal ? record.name : nil
      removed += (try helper.run(request).removed ?? []).map {
        RemovedResource(region: place.region, resource: $0)
      }
    }
    return removed
  }

  /// Removes the images of all records of a directory.
  ///
  /// - Throws: if a record cannot be read, or something could not be removed.
  func removeImages(of path: MirrorPath, in anchor: borrowing AnchoredDirectory) throws(MirrorError) {
    let directory = try anchor.directory(path)
    for (name, record) in try CloudRecords.read(directory) {
      do throws(MirrorError) { try remove(record, isJournal: CloudRecord.isJournal(name)) } catch {
        throw MirrorError(
          error.code, anchor.displayed(path), "is kept, since its images cannot be removed: \(error)")
      }
    }
  }
}

/// A deregistered image, or a deleted snapshot.
package struct RemovedResource: Encodable, Sendable {
  package let region: String
  package let resource: String
}

/// The records and journals of a directory.
enum CloudRecords {
  /// The images of a directory; those of a record that cannot be read are reported when it is removed.
  static func images(
    of path: MirrorPath, in anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> [CloudRecord.Place] {
    guard !anchor.isGone(path) else { return [] }
    let records = (try? read(try anchor.directory(path))) ?? []
    return records.flatMap(\.record.images)
  }

  /// By name.
  static func read(
    _ directory: borrowing AnchoredDirectory
  ) throws(MirrorError) -> [(name: FileName, record: CloudRecord)] {
    var records: [(FileName, CloudRecord)] = []
    for entry in try directory.entries()
    where entry.kind == .regular && (CloudRecord.isRecord(entry.name) || CloudRecord.isJournal(entry.name)) {
      if let record = try CloudRecord.read(entry.name, in: directory) { records.append((entry.name, record)) }
    }
    return records.sorted { $0.0 < $1.0 }
  }
}

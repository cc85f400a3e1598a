import LinuxSystem
import MirrorTools

/// Makes what a record lists. Every step may have been done by a run that was killed.
struct EC2Upload {
  private let settings: EC2Settings
  private let helper: CloudHelper
  private let job: ExportJob
  private let journal: CloudJournal
  /// nil if it was registered before.
  private let disk: CloudDisk?
  private(set) var record: CloudRecord
  /// How often a snapshot is started that the service has given up.
  private static let attempts = 3

  init(
    _ settings: EC2Settings, _ helper: CloudHelper, _ job: ExportJob, _ journal: CloudJournal,
    _ disk: CloudDisk?, _ record: CloudRecord
  ) {
    (self.settings, self.helper, self.job, self.journal) = (settings, helper, job, journal)
    (self.disk, self.record) = (disk, record)
  }

  /// - Returns: the bytes of the finished record.
  mutating func run() throws(MirrorError) -> [UInt8] {
    let volumeSize = try settings.volumeSize(record.source.gigabytes)
    // The record of a complete export shows that all of this was done.
    if record.images[0].image == nil, let disk {
      try start()
      try send(disk)
      try complete()
      try register(volumeSize)
    }
    try tag(0)
    for region in settings.copies where !record.images.contains(where: { $0.region == region }) {
      record.images.append(CloudRecord.Place(region))
    }
    try journal.save(record)
    for index in record.images.indices.dropFirst() { try copy(index) }
    for index in record.images.indices.dropFirst() { try tag(index) }
    if !settings.launch.isEmpty {
      for place in record.images {
        var request = CloudRequest(.permit, region: place.region)
        (request.image, request.launch) = (place.image, settings.launch)
        try helper.run(request)
      }
    }
    return try journal.finish(record)
  }

  private var origin: CloudRecord.Place { record.images[0] }

  private func request(_ step: CloudRequest.Step, _ index: Int = 0) -> CloudRequest {
    let place = record.images[index]
    var request = CloudRequest(step, region: place.region)
    (request.token, request.name, request.description) = (record.token, record.name, settings.description)
    (request.image, request.snapshot) = (place.image, record.images[0].snapshots.first)
    return request
  }

  private mutating func start() throws(MirrorError) {
    for _ in 0..<Self.attempts {
      var request = request(.start)
      request.gigabytes = record.source.gigabytes
      let answer = try helper.run(request)
      if let snapshot = answer.snapshot, let state = answer.state, state != "missing", state != "error" {
        if record.images[0].snapshots != [snapshot] {
          record.images[0].snapshots = [snapshot]
          try journal.save(record)
        }
        return
      }
      // It waited too long for its next block.
      try helper.run(removal())
      record.startOver()
      try journal.save(record)
    }
    throw MirrorError(
      .library, "ec2 \(origin.region)", "gives up each snapshot that is started",
      remedy: "see the state of snapshots in the console of EC2")
  }

  private func removal() -> CloudRequest {
    var request = CloudRequest(.remove, region: origin.region)
    (request.token, request.snapshots) = (record.token, origin.snapshots)
    return request
  }

  private mutating func send(_ disk: CloudDisk) throws(MirrorError) {
    var sent = record.sent ?? CloudRecord.Sent()
    guard sent.total == nil else { return }
    var request = request(.send)
    let identity = disk.identity
    request.path = "\(disk.path)"
    request.identity = [Int64(bitPattern: identity.inode), identity.size, identity.mtime, identity.ctime]
    (request.first, request.connections) = (sent.blocks, settings.connections)
    job.progress.begin("sending", bytes: disk.source.bytes, files: 1)
    let begun = record
    var saved = ContinuousClock.now
    let answer = try helper.run(request) { [job, journal] now in
      job.progress.set(bytes: now.bytes)
      guard saved.duration(to: .now) > .seconds(1) else { return }
      saved = .now
      var record = begun
      var sent = record.sent ?? CloudRecord.Sent()
      sent.blocks = max(sent.blocks, now.blocks)
      record.sent = sent
      // Without it, blocks are sent again.
      try? journal.save(record)
    }
    job.progress.end()
    (sent.total, sent.checksum) = (answer.blocks, answer.checksum)
    record.sent = sent
    try journal.save(record)
  }

  private func complete() throws(MirrorError) {
    var request = request(.complete)
    (request.blocks, request.checksum) = (record.sent?.total, record.sent?.checksum)
    job.progress.begin("completing", bytes: 0, files: 0)
    try helper.run(request)
  }

  private mutating func register(_ volumeSize: Int?) throws(MirrorError) {
    var request = request(.register)
    (request.architecture, request.bootMode) = (record.architecture, settings.bootMode.rawValue)
    (request.volumeType, request.volumeSize) = (settings.volumeType.rawValue, volumeSize)
    record.images[0].image = try helper.run(request).image
    try journal.save(record)
  }

  private mutating func copy(_ index: Int) throws(MirrorError) {
    guard record.images[index].image == nil else { return }
    var request = request(.copy, index)
    (request.image, request.from) = (origin.image, origin.region)
    request.copyToken = "\(record.token)-\(record.images[index].region)"
    record.images[index].image = try helper.run(request).image
    try journal.save(record)
  }

  /// Waits until the image can be used.
  private mutating func tag(_ index: Int) throws(MirrorError) {
    var request = request(.tag, index)
    request.tags = settings.tags(record)
    job.progress.begin("waiting for \(record.images[index].region)", bytes: 0, files: 0)
    for snapshot in try helper.run(request).snapshots ?? []
    where !record.images[index].snapshots.contains(snapshot) {
      record.images[index].snapshots.append(snapshot)
    }
    try journal.save(record)
  }
}

import FoundationEssentials
import LinuxSystem
import MirrorModel
import SystemPackage

/// The directory of a campaign: `plan.json`, which never changes, and `journal`, to which changes are appended.
///
/// A line of the journal is a JSON object with a node and its new state; the last one of a node counts. A line that a
/// killed run or a power failure left incomplete is removed by the next run, which learns from the farm what it said.
struct CampaignFile {
  private static let plan: FileName = "plan.json"
  private static let journal: FileName = "journal"
  /// The maximum size of a file in bytes: enough for a million changes.
  private static let limit = 256 << 20

  let directory: FilePath

  /// Creates the directory of a new campaign; it exists as soon as its plan does.
  func create(_ plan: CampaignRecord.Plan) throws(MirrorError) {
    try directory.makeDirectories(mode: 0o700)
    let anchor = try AnchoredDirectory(root: directory)
    _ = try DurableFile.write(
      try Self.line(plan), to: Self.plan, in: anchor, .ofThisProcess(mode: 0o600))
    try AnchoredDirectory(root: directory.removingLastComponent()).sync()
  }

  /// The campaign; nil if there is none.
  func read() throws(MirrorError) -> CampaignRecord? {
    guard directory.exists else { return nil }
    let anchor = try AnchoredDirectory(root: directory)
    guard let text = try anchor.contents(of: MirrorPath(bytes: Self.plan.bytes), limit: Self.limit) else {
      return nil
    }
    guard let plan = OutsideJSON.decode(CampaignRecord.Plan.self, from: text), (1...2).contains(plan.format)
    else {
      throw MirrorError(
        .invalid, anchor.displayed(Self.plan), "is not the plan of a campaign that this mirrorctl can read",
        remedy: "use the mirrorctl that wrote it, or remove the directory")
    }
    var record = CampaignRecord(plan)
    let lines = try anchor.contents(of: MirrorPath(bytes: Self.journal.bytes), limit: Self.limit) ?? []
    for line in lines.split(separator: UInt8(ascii: "\n")) {
      if let change = OutsideJSON.decode(CampaignRecord.Change.self, from: Array(line)) {
        record.apply(change)
      }
    }
    return record
  }

  /// Appends changes to the journal, durably. The caller holds the lock.
  func append(_ changes: [CampaignRecord.Change]) throws(MirrorError) {
    guard !changes.isEmpty else { return }
    let anchor = try AnchoredDirectory(root: directory)
    let isNew = try anchor.status(of: Self.journal) == nil
    let file = try anchor.fileForUpdate(Self.journal, mode: 0o600)
    var bytes: [UInt8] = []
    for change in changes { bytes += try Self.line(change) }
    try attempt("write", anchor.displayed(Self.journal)) { () throws(Errno) in
      let end = try Self.end(of: file)
      try file.truncate(to: end)
      try file.seek(to: end)
      try file.write(bytes)
      try file.sync()
    }
    if isNew { try anchor.sync() }
  }

  /// The end of the last whole line.
  private static func end(of file: borrowing Descriptor) throws(Errno) -> Int64 {
    let size = try file.status().size
    // Longer than any line.
    let tail = min(size, 1 << 20)
    let bytes = try file.bytes(from: size - tail, count: Int(tail))
    let last = bytes.lastIndex(of: UInt8(ascii: "\n")).map { Int64($0) + 1 } ?? 0
    return size - tail + last
  }

  /// Runs a function while no other run changes the campaign.
  func locked<Result>(
    _ cancellation: Cancellation, _ body: () throws(MirrorError) -> Result
  ) throws(MirrorError) -> Result {
    try DirectoryLock.with(.root, in: AnchoredDirectory(root: directory), cancellation, body)
  }

  private static func line(_ value: some Encodable) throws(MirrorError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do { return Array(try encoder.encode(value)) + [UInt8(ascii: "\n")] } catch {
      throw MirrorError(.library, "campaign", "cannot be written as JSON: \(error)")
    }
  }
}

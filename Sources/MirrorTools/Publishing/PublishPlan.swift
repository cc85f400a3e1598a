import LinuxSystem
import MirrorModel

/// What to do at one destination.
public struct PublishPlan: Sendable {
  /// Payload that is missing there, sent first.
  var payload: [LocalEntry] = []
  /// Payload that differs there.
  var replaced: [LocalEntry] = []
  /// `status` files and links that differ there.
  var marks: [LocalEntry] = []
  /// Links that lead to something withdrawn there, and elsewhere here: sent after the indexes.
  var retreats: [LocalEntry] = []
  /// Files there that withdraw something that is offered here: deleted before anything refers to it.
  var lifted: [MirrorPath] = []
  /// Links, metalinks and files there of something that is withdrawn here: deleted at once, after the indexes.
  var retracted: [MirrorPath] = []
  /// Pages that differ there, and all pages.
  var pages: (changed: [LocalEntry], all: [LocalEntry]) = ([], [])
  /// Index files that differ there, and all index files.
  var indexes: (changed: [LocalEntry], all: [LocalEntry]) = ([], [])
  /// `.control` files that differ there.
  var control: [LocalEntry] = []
  /// Files known to be the same on both sides.
  var settled: [LocalEntry] = []
  /// Files to compare before the plan is complete.
  var questions: [LocalEntry] = []
  /// Files that this mirror sent and that were deleted here, with the time when that was first seen.
  var superfluous: [MirrorPath: Int64] = [:]
  /// Superfluous files whose grace period is over, by path.
  var deletions: [MirrorPath] = []
  /// Files that look like those of a mirror, are missing here, and are kept, since no record shows who sent
  /// them.
  var unrecorded: [MirrorPath] = []
  /// Files here that are not sent, and why.
  var leftOut: [LeftOut] = []

  /// A file or link that is not sent.
  struct LeftOut: Encodable, Sendable {
    let path: MirrorPath
    let reason: String
  }

  /// Everything that differs there.
  var outstanding: [LocalEntry] {
    payload + replaced + marks + pages.changed + indexes.changed + retreats
  }

  /// The versions and snapshots of which files are sent.
  func units(_ kinds: ArtifactKinds) -> [MirrorPath] {
    let sent = (payload + replaced + marks).filter { $0.role != .link }
    return Set(sent.compactMap { $0.path.unit(kinds) }).sorted()
  }

  /// Omits pages and indexes, and therefore all deletions: pages and indexes there may refer to those files.
  mutating func withholdIndexes() {
    (pages, indexes, deletions) = (([], []), ([], []), [])
    (retreats, retracted) = ([], [])
  }

  /// One step of the work, in order of execution.
  public struct Phase: Sendable {
    /// `send`, `delete` or `keep`.
    public let verb: String
    /// `payload`, `replaced`, `links and status`, `pages`, `indexes`, `control`, or why files are removed or
    /// kept.
    public let name: String
    /// Number of files and links.
    public let count: Int
    /// Size in bytes.
    public let bytes: Int64
  }

  /// Phases with work to do.
  public var summary: [Phase] {
    let sent: [(String, [LocalEntry])] = [
      ("payload", payload), ("replaced", replaced), ("links and status", marks + retreats),
      ("pages", pages.changed),
      ("indexes", indexes.changed), ("control", control),
    ]
    let phases = sent.map { name, entries in
      Phase(
        verb: "send", name: name, count: entries.count, bytes: entries.bytes)
    }
    let waiting = superfluous.count - deletions.count
    return
      (phases + [
        Phase(verb: "delete", name: "withdrawn here", count: retracted.count, bytes: 0),
        Phase(verb: "delete", name: "notices of restored releases", count: lifted.count, bytes: 0),
        Phase(verb: "delete", name: "deleted here", count: deletions.count, bytes: 0),
        Phase(verb: "keep", name: "deleted here, within keep-remote-grace", count: waiting, bytes: 0),
      ]).filter { $0.count > 0 }
  }

  /// Bytes to send.
  public var bytes: Int64 { (outstanding + control).bytes }
  /// Number of files and links to send.
  public var count: Int { outstanding.count + control.count }
}

extension PublishPlan: Encodable {
  private enum Key: CodingKey {
    case payload, replaced, marks, pages, indexes, control, deletions, waiting, unrecorded
    case leftOut, bytes
  }

  /// Paths by phase.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(payload.map(\.path), forKey: .payload)
    try container.encode(replaced.map(\.path), forKey: .replaced)
    try container.encode((marks + retreats).map(\.path), forKey: .marks)
    try container.encode(pages.changed.map(\.path), forKey: .pages)
    try container.encode(indexes.changed.map(\.path), forKey: .indexes)
    try container.encode(control.map(\.path), forKey: .control)
    try container.encode((deletions + retracted + lifted).sorted(), forKey: .deletions)
    let due = Set(deletions)
    try container.encode(superfluous.keys.filter { !due.contains($0) }.sorted(), forKey: .waiting)
    try container.encode(unrecorded, forKey: .unrecorded)
    try container.encode(leftOut, forKey: .leftOut)
    try container.encode(bytes, forKey: .bytes)
  }
}

import LinuxSystem

/// What publishing does at one destination.
public struct PublishPlan: Sendable {
  /// Payload that is not there yet, sent first.
  var payload: [LocalEntry] = []
  /// Payload that is there and says something else.
  var replaced: [LocalEntry] = []
  /// `status` files and links that differ.
  var marks: [LocalEntry] = []
  /// Pages that differ, and all of them.
  var pages: (changed: [LocalEntry], all: [LocalEntry]) = ([], [])
  /// Index files that differ, and all of them.
  var indexes: (changed: [LocalEntry], all: [LocalEntry]) = ([], [])
  /// `.control` files that differ.
  var control: [LocalEntry] = []
  /// What is there as it is here, as far as is known.
  var settled: [LocalEntry] = []
  /// What must be compared before all is known.
  var questions: [LocalEntry] = []
  /// What this mirror sent and is not here any more; and since when that is known.
  var superfluous: [MirrorPath: Int64] = [:]
  /// What of that has been so for longer than the grace, by path.
  var deletions: [MirrorPath] = []
  /// What looks like a mirror's there, is not here, and stays, as no record says whether this mirror sent it.
  var unrecorded: [MirrorPath] = []
  /// What is not sent although it is here, and why.
  var leftOut: [LeftOut] = []

  /// A name that is not sent.
  struct LeftOut: Encodable, Sendable {
    let path: MirrorPath
    let reason: String
  }

  /// All that is not there as it is here.
  var outstanding: [LocalEntry] {
    payload + replaced + marks + pages.changed + indexes.changed
  }

  /// Leaves out pages and indexes, and with them all deletions: what is there may name what would go.
  mutating func withholdIndexes() {
    (pages, indexes, deletions) = (([], []), ([], []), [])
  }

  /// A part of the work, in the order of its doing.
  public struct Phase: Sendable {
    /// `send` or `remove`.
    public let verb: String
    /// `payload`, `replaced`, `links`, `pages`, `indexes`, `control`, or what goes.
    public let name: String
    /// Names.
    public let count: Int
    /// Bytes to send.
    public let bytes: Int64
  }

  /// The phases that would do something.
  public var summary: [Phase] {
    let sent: [(String, [LocalEntry])] = [
      ("payload", payload), ("replaced", replaced), ("links and status", marks), ("pages", pages.changed),
      ("indexes", indexes.changed), ("control", control),
    ]
    let phases = sent.map { name, entries in
      Phase(
        verb: "send", name: name, count: entries.count, bytes: entries.bytes)
    }
    let waiting = superfluous.count - deletions.count
    return
      (phases + [
        Phase(verb: "remove", name: "gone here", count: deletions.count, bytes: 0),
        Phase(verb: "remove later", name: "gone here, within keep-remote-grace", count: waiting, bytes: 0),
      ]).filter { $0.count > 0 }
  }

  /// Bytes of what is to be sent.
  public var bytes: Int64 { (outstanding + control).bytes }
  /// Names that are to be sent.
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
    try container.encode(marks.map(\.path), forKey: .marks)
    try container.encode(pages.changed.map(\.path), forKey: .pages)
    try container.encode(indexes.changed.map(\.path), forKey: .indexes)
    try container.encode(control.map(\.path), forKey: .control)
    try container.encode(deletions, forKey: .deletions)
    let due = Set(deletions)
    try container.encode(superfluous.keys.filter { !due.contains($0) }.sorted(), forKey: .waiting)
    try container.encode(unrecorded, forKey: .unrecorded)
    try container.encode(leftOut, forKey: .leftOut)
    try container.encode(bytes, forKey: .bytes)
  }
}

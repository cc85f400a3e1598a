public import LinuxSystem
import MirrorModel

/// What was withdrawn, restored or promoted.
public struct ReleaseReport: MirrorReport {
  /// Root of the mirror.
  public let mirror: String
  /// The version, artifact or snapshot.
  public let path: MirrorPath
  /// `withdrawn`, `restored` or `promoted`.
  public let action: JournalEntry.Action
  /// Links and control files that changed.
  public internal(set) var moved: [MirrorPath] = []
  /// Index files that changed.
  public internal(set) var indexes: [MirrorPath] = []
  /// Deleted files.
  public internal(set) var deleted: [MirrorPath] = []
  /// Their size.
  var bytes: Int64 = 0
  /// Whether it had not been done before.
  var isNews = true
  /// Whether it was done, not only tried.
  var isDone = true
  /// What could not be done.
  public internal(set) var messages: [MirrorError] = []
  private let isPlan: Bool
  private var worst = ExitStatus.done

  private enum CodingKeys: CodingKey { case mirror, path, action, moved, indexes, deleted }

  init(_ action: JournalEntry.Action, _ path: MirrorPath, _ mirror: Mirror, isPlan: Bool = false) {
    (self.mirror, self.path, self.action, self.isPlan) = ("\(mirror.root)", path, action, isPlan)
  }

  mutating func add(_ report: some Report, indexes: [MirrorPath] = []) {
    self.indexes += indexes
    messages += report.messages
    worst = worst.worse(report.status)
  }

  mutating func add(_ report: IndexReport) { add(report, indexes: report.files) }

  /// One line for the release, one per link, and one per deleted file.
  public var lines: [ReportLine] {
    let would = isPlan ? "would be " : ""
    guard isDone else { return [] }
    let first =
      isNews ? "\(displayed(path)) \(would)\(action.rawValue)" : "\(displayed(path)) is offered already"
    return [ReportLine(first)] + moved.map { ReportLine("updated \(displayed($0))") }
      + deleted.map { ReportLine("\(isPlan ? "would delete" : "deleted") \(displayed($0))") }
  }

  /// The first line.
  public var summary: String? { isNews && isDone ? "\(path) \(action.rawValue)" : nil }

  /// The worst status of its steps.
  public var status: ExitStatus { worst }
}

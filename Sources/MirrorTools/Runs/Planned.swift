public import LinuxSystem
public import MirrorModel

/// A plan of a use case.
public protocol Plan: Encodable, Sendable {
  /// One line per planned change.
  func lines(in mirror: Mirror) -> [String]
  /// Problems known already.
  func messages(in mirror: Mirror) -> [MirrorError]
  /// The exit status of a run that only plans.
  var status: ExitStatus { get }
}

extension Plan {
  /// None.
  public func messages(in mirror: Mirror) -> [MirrorError] { [] }
  /// `done`.
  public var status: ExitStatus { .done }
}

/// A plan, and the mirror that it was made for.
public struct Planned<Content: Plan>: MirrorReport, Sendable {
  /// The plan.
  public let plan: Content
  let scan: Mirror

  private enum CodingKeys: CodingKey { case mirror, plan }

  init(_ plan: Content, for scan: Mirror) {
    self.plan = plan
    self.scan = scan
  }

  /// Root of the mirror.
  public var mirror: String { "\(scan.root)" }
  /// The lines of the plan.
  public var lines: [ReportLine] { plan.lines(in: scan).asEssentialLines }
  /// The messages of the plan.
  public var messages: [MirrorError] { plan.messages(in: scan) }
  /// The status of the plan.
  public var status: ExitStatus { plan.status }

  /// `mirror` and `plan`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(mirror, forKey: .mirror)
    try container.encode(plan, forKey: .plan)
  }
}

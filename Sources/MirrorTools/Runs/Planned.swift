public import LinuxSystem
public import MirrorModel

/// What a use case would do.
public protocol Plan: Encodable, Sendable {
  /// It in text.
  func lines(in mirror: Mirror) -> [String]
  /// What is wrong already.
  func messages(in mirror: Mirror) -> [MirrorError]
  /// What it makes of a run that only plans.
  var status: ExitStatus { get }
}

extension Plan {
  /// Nothing.
  public func messages(in mirror: Mirror) -> [MirrorError] { [] }
  /// Done.
  public var status: ExitStatus { .done }
}

/// A plan, and the mirror that it was made for.
public struct Planned<Content: Plan>: MirrorReport, Sendable {
  /// What would be done.
  public let plan: Content
  let scan: Mirror

  private enum CodingKeys: CodingKey { case mirror, plan }

  init(_ plan: Content, for scan: Mirror) {
    self.plan = plan
    self.scan = scan
  }

  /// Where the mirror is.
  public var mirror: String { "\(scan.root)" }
  /// The plan's.
  public var lines: [ReportLine] { plan.lines(in: scan).asEssentialLines }
  /// The plan's.
  public var messages: [MirrorError] { plan.messages(in: scan) }
  /// The plan's.
  public var status: ExitStatus { plan.status }

  /// `mirror` and `plan`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(mirror, forKey: .mirror)
    try container.encode(plan, forKey: .plan)
  }
}

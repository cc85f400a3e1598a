import Foundation
public import LinuxSystem

/// What a use case tells of itself: lines for people, JSON for programs, and how it ended.
public protocol Report: Encodable {
  /// Results, without those that were handed over as they came (``RunEnvironment/result``).
  var lines: [ReportLine] { get }
  /// What was done, in one line; nil where nothing was.
  var summary: String? { get }
  /// What is wrong.
  var messages: [MirrorError] { get }
  /// What else is for standard error, as text.
  var notes: [String] { get }
  /// How it ended.
  var status: ExitStatus { get }
}

extension Report {
  /// None.
  public var lines: [ReportLine] { [] }
  /// Nothing.
  public var summary: String? { nil }
  /// None.
  public var messages: [MirrorError] { [] }
  /// None.
  public var notes: [String] { [] }
  /// Done in part where there is a message.
  public var status: ExitStatus { messages.isEmpty ? .done : .partial }
}

/// A report about one mirror.
public protocol MirrorReport: Report {
  /// Where the mirror is.
  var mirror: String { get }
}

extension MirrorReport {
  /// The absolute path of something in the mirror.
  func displayed(_ path: MirrorPath) -> String { path.bytes.isEmpty ? mirror : "\(mirror)/\(path)" }
}

/// A result and the version of the JSON that all of them have; the schemas in `share/schema` describe it.
public struct VersionedReport: Encodable {
  /// Increases when a key is renamed, removed, or changes its meaning.
  public static let version = 2

  private let report: any Encodable
  private enum CodingKeys: CodingKey { case version }

  /// Of any result.
  public init(_ report: any Encodable) { self.report = report }

  /// The result's own keys, and `version` among them.
  public func encode(to encoder: any Encoder) throws {
    try report.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(Self.version, forKey: .version)
  }

  /// JSON with sorted keys, so that the same content is the same text.
  ///
  /// - Parameters:
  ///   - isCompact: whether it is one line.
  ///   - action: how an action is called that a remedy names.
  public func json(
    isCompact: Bool = false, naming action: @escaping @Sendable (Remedy.Action) -> String = \.description
  ) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if !isCompact { encoder.outputFormatting.insert(.prettyPrinted) }
    if let key = CodingUserInfoKey.actionNames { encoder.userInfo[key] = action }
    return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
  }
}

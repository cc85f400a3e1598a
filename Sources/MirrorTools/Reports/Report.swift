import FoundationEssentials
public import LinuxSystem

/// Result of a use case: lines for people, JSON for programs, and an exit status.
public protocol Report: Encodable {
  /// Result lines, except those already passed to ``RunEnvironment/result``.
  var lines: [ReportLine] { get }
  /// What was done, in one line; nil for nothing.
  var summary: String? { get }
  /// Problems.
  var messages: [MirrorError] { get }
  /// Other text for standard error.
  var notes: [String] { get }
  /// The exit status.
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
  /// `partial` if there is a message.
  public var status: ExitStatus { messages.isEmpty ? .done : .partial }
}

/// A report about one mirror.
public protocol MirrorReport: Report {
  /// Root of the mirror.
  var mirror: String { get }
}

extension MirrorReport {
  /// The absolute path of a file or directory in the mirror.
  func displayed(_ path: MirrorPath) -> String { path.bytes.isEmpty ? mirror : "\(mirror)/\(path)" }
}

/// A result with the version of the JSON format; the schemas in `share/schema` describe it.
public struct VersionedReport: Encodable {
  /// Increases when a key is renamed or removed, or changes its meaning.
  public static let version = 2

  private let report: any Encodable
  private enum CodingKeys: CodingKey { case version }

  /// Wraps a result.
  public init(_ report: any Encodable) { self.report = report }

  /// The keys of the result, plus `version`.
  public func encode(to encoder: any Encoder) throws {
    try report.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(Self.version, forKey: .version)
  }

  /// JSON with sorted keys, so that equal content gives equal text.
  ///
  /// - Parameters:
  ///   - isCompact: whether to write one line.
  ///   - action: returns the text of an action in a remedy.
  public func json(
    isCompact: Bool = false, naming action: @escaping @Sendable (Remedy.Action) -> String = \.description
  ) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if !isCompact { encoder.outputFormatting.insert(.prettyPrinted) }
    if let key = CodingUserInfoKey.actionNames { encoder.userInfo[key] = action }
    return printableJSON(Array(try encoder.encode(self))) + [UInt8(ascii: "\n")]
  }
}

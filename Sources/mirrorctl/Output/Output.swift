import LinuxSystem
import FlexData
import Foundation

/// Renders results: the only place that does.
extension CommandContext {
  /// Prints a value as JSON.
  func print(json value: some Encodable) throws { output.write(Array(try json(value).utf8)) }
}

/// A result as JSON, with its version: sorted keys, so that the same content is the same text.
func json(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(VersionedOutput(value)), as: UTF8.self) + "\n"
}

/// A result and the version of the JSON that all verbs print; the schemas in `share/schema` describe it.
struct VersionedOutput: Encodable {
  /// Increases when a key is renamed, removed, or changes its meaning.
  static let version = 2

  private let value: any Encodable
  private enum CodingKeys: CodingKey { case version }

  init(_ value: any Encodable) { self.value = value }

  /// The value's own keys, and `version` among them.
  func encode(to encoder: any Encoder) throws {
    try value.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(Self.version, forKey: .version)
  }
}

/// What every JSON result tells of problems.
struct JSONProblem: Encodable {
  let path: String
  let problem: String
  let remedy: String?

  init(_ error: MirrorError) {
    path = error.subject
    problem = error.problem
    remedy = error.remedy
  }

  /// A fault of the configuration.
  init(_ problem: Problem) {
    (path, self.problem, remedy) = (
      problem.place.map { "\($0)" } ?? "configuration", problem.message, problem.hint
    )
  }

  /// A fault of the command line.
  init(usage text: String) { (path, problem, remedy) = ("mirrorctl", text, nil) }
}

/// `1.5 GiB`: a size for people.
func humanBytes(_ bytes: Int64) -> String {
  var value = Double(bytes)
  for unit in ["B", "KiB", "MiB", "GiB"] {
    if value < 1024 { return unit == "B" ? "\(bytes) B" : "\(rounded(value)) \(unit)" }
    value /= 1024
  }
  return "\(rounded(value)) TiB"
}

private func rounded(_ value: Double) -> String {
  value < 10 ? String(format: "%.1f", value) : String(format: "%.0f", value)
}

/// `0.4 s`, `12 s`, `1 h 5 min`: a span for people.
func humanSeconds(_ seconds: Double) -> String {
  if seconds < 60 { return "\(rounded(seconds)) s" }
  let minutes = Int(min(seconds / 60, 1e9))
  return minutes < 60 ? "\(minutes) min" : "\(minutes / 60) h \(minutes % 60) min"
}

import ArgumentParser
import MirrorTools

/// Which indexes are written.
struct IndexOptions: ParsableArguments {
  @Option(
    name: .customLong("format"),
    help: ArgumentHelp(
      "What to write: \(IndexFormat.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "list"),
    transform: { try parseList($0, "format") })
  var formats: [IndexFormat] = []

  /// What is asked for; nil for what the configuration says.
  var chosen: [IndexFormat]? { formats.isEmpty ? nil : formats }
}

import ArgumentParser
import MirrorTools

/// Which indexes to write.
struct IndexOptions: ParsableArguments {
  @Option(
    name: .customLong("format"),
    help: ArgumentHelp(
      "Formats to write: \(IndexFormat.allCases.map(\.rawValue).joined(separator: ", ")).",
      valueName: "list"),
    completion: .values(of: IndexFormat.self),
    transform: { try parseList($0, "format") })
  var formats: [IndexFormat] = []

  /// The formats given; nil to use those of the configuration.
  var chosen: [IndexFormat]? { formats.isEmpty ? nil : formats }
}

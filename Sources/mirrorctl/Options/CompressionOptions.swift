import ArgumentParser
import MirrorModel
import MirrorTools
import StageTrees

/// How to compress plain tarballs.
struct CompressionOptions: ParsableArguments {
  @Option(
    name: .long, help: ArgumentHelp("Compress to xz, zst, gz or bz2 (default: xz).", valueName: "format"))
  var compression: Compression?

  @Option(
    in: CompressionSettings.allLevels,
    help: ArgumentHelp("Compression level (default: 9, for zst 19).", valueName: "n"))
  var compressionLevel: Int?

  func validate() throws {
    if let compression {
      try CompressionSettings.check(compressionLevel, of: compression, "--compression-level")
    }
  }

  /// The settings of the command line; the default format is `target/compression` of the configuration.
  func settings(over configuration: MirrorConfiguration) throws -> CompressionSettings {
    let chosen = try compression ?? configuration.chosenCompression() ?? .xz
    try CompressionSettings.check(compressionLevel, of: chosen, "--compression-level")
    return try CompressionSettings(chosen, level: compressionLevel)
  }
}

extension CompressionSettings {
  /// The levels of all formats.
  static let allLevels: ClosedRange<Int> = {
    let levels = Compression.allCases.map(\.levels)
    return (levels.map(\.lowerBound).min() ?? 0)...(levels.map(\.upperBound).max() ?? 0)
  }()

  /// Refuses a level that a format does not have.
  ///
  /// - Parameter option: the option that sets it.
  static func check(_ level: Int?, of compression: Compression, _ option: String) throws {
    guard let level, !compression.levels.contains(level) else { return }
    let levels = compression.levels
    throw ValidationError(
      "The value '\(level)' is invalid for '\(option) <n>': for \(compression.rawValue), use a whole number from "
        + "\(levels.lowerBound) to \(levels.upperBound).")
  }
}

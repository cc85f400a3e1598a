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
    name: .long, help: ArgumentHelp("Compression level (default: 9, for zst 19).", valueName: "n"))
  var compressionLevel: Int?

  /// The settings of the command line; the default format is `target/compression` of the configuration.
  func settings(over configuration: MirrorConfiguration) throws -> CompressionSettings {
    let chosen = try compression ?? configuration.chosenCompression() ?? .xz
    return try CompressionSettings(chosen, level: compressionLevel)
  }
}

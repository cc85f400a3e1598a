import ArgumentParser
import MirrorModel
import MirrorTools
import StageTrees

/// How plain tarballs are compressed.
struct CompressionOptions: ParsableArguments {
  @Option(
    name: .long, help: ArgumentHelp("Compress to xz, zst, gz or bz2 (default: xz).", valueName: "format"))
  var compression: Compression?

  @Option(
    name: .long, help: ArgumentHelp("How hard (default: 9, for zst 19).", valueName: "n"))
  var compressionLevel: Int?

  /// `target/compression` of the configuration, unless the command line says something else.
  func settings(over configuration: MirrorConfiguration) throws -> CompressionSettings {
    let chosen = try compression ?? configuration.chosenCompression() ?? .xz
    return try CompressionSettings(chosen, level: compressionLevel)
  }
}

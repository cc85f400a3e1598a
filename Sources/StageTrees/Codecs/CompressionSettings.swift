public import LinuxSystem
public import MirrorModel

/// The compression of tarballs: `target/compression` and the level.
public struct CompressionSettings: Codable, Hashable, Sendable {
  /// The format.
  public let compression: Compression
  /// The compression level; its meaning depends on the format.
  public let level: Int

  /// - Parameter level: nil for a level that suits files compressed once and downloaded often, as chosen by
  ///   Metro: xz 9 (its extreme variant, `xz -9e`), gzip 9, bzip2 9; and zstd 19, which Metro did not
  ///   support.
  public init(_ compression: Compression = .xz, level: Int? = nil) throws(MirrorError) {
    let levels = compression.levels
    let level = level ?? levels.upperBound
    guard levels.contains(level) else {
      throw MirrorError(
        .invalid, "compression level \(level)",
        "\(compression.rawValue) has levels \(levels.lowerBound) to \(levels.upperBound)",
        remedy: "use one of these")
    }
    self.compression = compression
    self.level = level
  }
}

extension Compression {
  /// Beyond level 19, zstd needs more memory for decompression.
  package var levels: ClosedRange<Int> {
    switch self {
    case .xz: 0...9
    case .zst: 1...19
    case .gz, .bz2: 1...9
    }
  }

  /// Whether several threads compress one file; with bzip2, several files are compressed at once.
  package var isThreaded: Bool { self != .bz2 }
}

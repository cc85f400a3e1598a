public import LinuxSystem
public import MirrorModel

/// How tarballs are compressed: `target/compression`, and how hard.
public struct CompressionSettings: Codable, Hashable, Sendable {
  /// The format.
  public let compression: Compression
  /// How hard; what the numbers mean is the format's own matter.
  public let level: Int

  /// - Parameter level: nil for what suits files that are compressed once and downloaded often, Metro's choice:
  ///   xz 9 (its extreme variant, `xz -9e`), gzip 9, bzip2 9; and zstd 19, which Metro did not know.
  public init(_ compression: Compression = .xz, level: Int? = nil) throws(MirrorError) {
    let levels = compression.levels
    let level = level ?? levels.upperBound
    guard levels.contains(level) else {
      throw MirrorError(
        .invalid, "compression level \(level)",
        "\(compression.rawValue) has levels \(levels.lowerBound) to \(levels.upperBound)",
        remedy: "give one of them")
    }
    self.compression = compression
    self.level = level
  }
}

extension Compression {
  /// Beyond level 19 zstd asks more memory of whoever unpacks the tarball.
  var levels: ClosedRange<Int> {
    switch self {
    case .xz: 0...9
    case .zst: 1...19
    case .gz, .bz2: 1...9
    }
  }

  /// Whether several threads work at one file; the others take several files at once.
  package var isThreaded: Bool { self == .xz || self == .zst }
}

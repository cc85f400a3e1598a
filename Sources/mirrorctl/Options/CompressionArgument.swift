import ArgumentParser
import MirrorModel

/// `xz`, or `none` for a plain `.tar`.
struct CompressionArgument: DescribedArgument {
  static let valid = "one of \((Compression.allCases.map(\.rawValue) + ["none"]).joined(separator: ", "))"
  let compression: Compression?

  init?(argument: String) {
    compression = Compression(rawValue: argument)
    if compression == nil && argument != "none" { return nil }
  }
}

extension Compression {
  /// Endings of names, also short ones and those of formats that mirrorctl does not write.
  private static let endings: [(suffixes: [String], compression: Compression?)] = [
    ([".xz", ".txz"], .xz), ([".zst", ".tzst"], .zst), ([".gz", ".tgz", ".taz"], .gz),
    ([".bz2", ".tbz2", ".tbz", ".tb2", ".tz2"], .bz2),
    ([".Z", ".lz", ".lz4", ".lzma", ".lzo", ".br", ".tlz", ".tZ", ".tpxz", ".zip", ".7z", ".rar"], nil),
  ]

  /// The compression that a file name's ending stands for; nil if it is plain.
  ///
  /// - Throws: for the ending of a format that mirrorctl does not write.
  static func ofSuffix(_ name: String) throws -> Compression? {
    for (suffixes, compression) in endings {
      guard let suffix = suffixes.first(where: { name.hasSuffix($0) }) else { continue }
      guard let compression else {
        throw ValidationError(
          "\(name): cannot write the format of names that end in \(suffix). Use a name that ends in .tar, "
            + ".tar.xz, .tar.zst, .tar.gz or .tar.bz2, or --compression.")
      }
      return compression
    }
    return nil
  }
}

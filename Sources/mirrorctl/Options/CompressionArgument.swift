import ArgumentParser
import MirrorModel

/// `xz`, or `none` for a plain `.tar`.
struct CompressionArgument: ExpressibleByArgument {
  let compression: Compression?

  init?(argument: String) {
    compression = Compression(rawValue: argument)
    if compression == nil && argument != "none" { return nil }
  }
}

extension Compression {
  /// The compression of a file name's suffix; nil if there is none.
  init?(suffixOf name: String) {
    guard let found = Self.allCases.first(where: { name.hasSuffix(".\($0.rawValue)") }) else { return nil }
    self = found
  }
}

import LinuxSystem
package import MirrorModel
package import MirrorTools
package import SystemPackage

/// A file that an export made.
package struct ExportedFile: Sendable, Encodable {
  /// Absolute.
  package let path: FilePath
  /// In bytes.
  package let size: Int64
  package let digests: DigestSet
  /// Where it is if it is not a file here: in a container registry.
  package var address: String?

  /// The address, or the path.
  package var place: String { address ?? path.string }

  private enum CodingKeys: CodingKey { case path, bytes, digests }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(place, forKey: .path)
    try container.encode(size, forKey: .bytes)
    try container.encode(digests.hexadecimal, forKey: .digests)
  }
}

/// What a maker made.
package struct ExportedImage: Sendable {
  /// That of the stage.
  let architecture: Architecture
  /// The image, then the files beside it.
  let files: [ExportedFile]
  /// What could not be preserved.
  let notes: [String]
}

/// The result of an export.
package struct ExportReport: Report, Sendable {
  /// Absolute path of the stage.
  package let source: String
  package let format: ExportFormat
  package let architecture: String
  /// The image, then the files beside it.
  package let files: [ExportedFile]
  /// What could not be preserved.
  package let notes: [String]

  private enum CodingKeys: CodingKey { case source, format, architecture, files, notes }

  package var lines: [ReportLine] {
    files.flatMap { file -> [ReportLine] in
      ["exported \(file.place), \(format.rawValue) for \(architecture), \(humanBytes(file.size))"]
        + file.digests.lines.map { ReportLine($0) }
    }
  }
}

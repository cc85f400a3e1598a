import Hashing
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

  init(path: FilePath, size: Int64, digests: DigestSet, address: String? = nil) {
    (self.path, self.size, self.digests, self.address) = (path, size, digests, address)
  }

  /// A file with this content.
  init(path: FilePath, content: [UInt8]) throws(MirrorError) {
    var digests = DigestSet()
    digests[.sha256] = try OpenSSLDigest.sha256(of: content)
    self.init(path: path, size: Int64(content.count), digests: digests)
  }

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
  /// The images that were registered elsewhere.
  var images: [CloudRecord.Place] = []
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
  /// The images that were registered elsewhere.
  var images: [CloudRecord.Place] = []
  /// What could not be preserved.
  package let notes: [String]

  private enum CodingKeys: CodingKey { case source, format, architecture, files, images, notes }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(source, forKey: .source)
    try container.encode(format, forKey: .format)
    try container.encode(architecture, forKey: .architecture)
    try container.encode(files, forKey: .files)
    if !images.isEmpty { try container.encode(images, forKey: .images) }
    try container.encode(notes, forKey: .notes)
  }

  package var lines: [ReportLine] {
    files.flatMap { file -> [ReportLine] in
      ["exported \(file.place), \(format.rawValue) for \(architecture), \(humanBytes(file.size))"]
        + file.digests.lines.map { ReportLine($0) }
    } + images.map { "registered \($0.image ?? "") in \($0.region)" }
  }
}

/// What was removed elsewhere.
package struct AbandonReport: Report, Sendable {
  /// Absolute path of the record.
  let image: String
  let removed: [RemovedResource]

  private enum CodingKeys: CodingKey { case image, removed }

  package var lines: [ReportLine] {
    removed.map { "removed \($0.resource) in \($0.region)" } + ["removed \(image)"]
  }
}

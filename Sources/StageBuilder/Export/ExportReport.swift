package import MirrorModel
package import MirrorTools
import LinuxSystem

/// A format of images.
package enum ExportFormat: String, CaseIterable, Codable, Sendable {
  /// A tar archive of an OCI image layout.
  case oci

  /// The end of the names of such images.
  package var suffix: String {
    switch self {
    case .oci: ".oci.tar"
    }
  }

  /// From the name of an image; nil if the end of the name is not that of a format.
  package init?(ofName name: String) {
    guard let format = Self.allCases.first(where: { name.hasSuffix($0.suffix) }) else { return nil }
    self = format
  }
}

/// The result of an export.
package struct ExportReport: Report, Sendable {
  package let source: String
  package let image: String
  package let format: ExportFormat
  /// As named in the image.
  package let architecture: String
  /// Size of the image in bytes.
  package let size: Int64
  package let digests: DigestSet
  package let notes: [String]

  private enum CodingKeys: CodingKey { case source, image, format, architecture, bytes, digests, notes }

  package var lines: [ReportLine] {
    ["exported \(image), \(format.rawValue) for \(architecture), \(humanBytes(size))"]
      + digests.lines.map { ReportLine($0) }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(source, forKey: .source)
    try container.encode(image, forKey: .image)
    try container.encode(format, forKey: .format)
    try container.encode(architecture, forKey: .architecture)
    try container.encode(size, forKey: .bytes)
    try container.encode(digests.hexadecimal, forKey: .digests)
    try container.encode(notes, forKey: .notes)
  }
}

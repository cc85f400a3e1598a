import FoundationEssentials
import LinuxSystem

/// The JSON documents of an OCI image layout with one image of one layer.
///
/// Source: the OCI Image Format Specification 1.1, `image-layout.md`, `image-index.md`, `manifest.md`, `config.md`.
enum OCIDocument {
  /// A reference to a blob.
  struct Descriptor: Encodable {
    let mediaType: String
    /// `sha256:<hex>`.
    let digest: String
    /// In bytes.
    let size: Int64
    var platform: Platform?
    var annotations: [String: String]?
  }

  struct Platform: Encodable {
    let architecture: String
    var os = "linux"
  }

  /// `oci-layout`.
  struct Layout: Encodable {
    let imageLayoutVersion = "1.0.0"

    private enum CodingKeys: CodingKey { case imageLayoutVersion }
  }

  /// `index.json`.
  struct Index: Encodable {
    let schemaVersion = 2
    let mediaType = "application/vnd.oci.image.index.v1+json"
    let manifests: [Descriptor]

    private enum CodingKeys: CodingKey { case schemaVersion, mediaType, manifests }
  }

  struct Manifest: Encodable {
    let schemaVersion = 2
    let mediaType = Manifest.type
    let config: Descriptor
    let layers: [Descriptor]
    let annotations: [String: String]

    static let type = "application/vnd.oci.image.manifest.v1+json"

    private enum CodingKeys: CodingKey { case schemaVersion, mediaType, config, layers, annotations }
  }

  /// The configuration of the image.
  struct Image: Encodable {
    struct Process: Encodable {
      let command: [String]
      let environment: [String]
      let labels: [String: String]

      private enum CodingKeys: String, CodingKey {
        case command = "Cmd"
        case environment = "Env"
        case labels = "Labels"
      }
    }

    struct FileSystem: Encodable {
      let type = "layers"
      let diffIDs: [String]

      private enum CodingKeys: String, CodingKey {
        case type
        case diffIDs = "diff_ids"
      }
    }

    struct Event: Encodable {
      let created: String
      let creator: String

      private enum CodingKeys: String, CodingKey {
        case created
        case creator = "created_by"
      }
    }

    /// RFC 3339.
    let created: String
    let architecture: String
    let os = "linux"
    let config: Process
    let rootfs: FileSystem
    let history: [Event]

    static let type = "application/vnd.oci.image.config.v1+json"

    private enum CodingKeys: CodingKey { case created, architecture, os, config, rootfs, history }
  }

  /// The bytes of a document; equal content gives equal bytes.
  static func bytes(_ document: some Encodable) throws(MirrorError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do { return Array(try encoder.encode(document)) } catch {
      throw MirrorError(.library, "OCI image", "cannot be written as JSON: \(error)")
    }
  }
}

import FoundationEssentials
package import LinuxSystem

/// The images that an export registered, and their snapshots: the contents of `NAME.ami.json`.
///
/// While they are being made, the journal `.NAME.ami.json.journal` has the same form, and names each resource before it
/// is created: by ``token``, which every resource has as a tag, and by ``name``.
package struct CloudRecord: Codable, Hashable, Sendable {
  /// The image in one region.
  package struct Place: Codable, Hashable, Sendable {
    package let region: String
    /// nil until it is registered.
    package var image: String?
    package var snapshots: [String] = []

    package init(_ region: String) { self.region = region }

    /// The image, then its snapshots.
    var resources: [String] { [image].compactMap(\.self) + snapshots }
  }

  /// The disk that was sent.
  package struct Source: Codable, Hashable, Sendable {
    package let bytes: Int64
    package let sha256: String

    package init(bytes: Int64, sha256: String) {
      self.bytes = bytes
      self.sha256 = sha256
    }

    /// The size in GiB, rounded up.
    package var gigabytes: Int { Int((bytes / (1 << 30)) + (bytes % (1 << 30) > 0 ? 1 : 0)) }
  }

  /// The tarball from which the disk was made, and how.
  package struct Stage: Codable, Hashable, Sendable {
    package let sha256: String
    /// The SHA-256 of the settings of the disk.
    package let settings: String

    package init(sha256: String, settings: String) {
      self.sha256 = sha256
      self.settings = settings
    }
  }

  /// The blocks that were sent; only in a journal.
  package struct Sent: Codable, Hashable, Sendable {
    /// All blocks before this one were sent, or are zero.
    package var blocks = 0
    /// Number of the blocks that are not zero, and their checksum, once all were sent.
    package var total: Int?
    package var checksum: String?

    package init() {}
  }

  /// Of this form.
  package let version: Int
  package let provider: String
  /// Of the configuration.
  package let section: String
  package let name: String
  /// The value of the tag ``tag`` of each resource.
  package var token: String
  /// As EC2 names it.
  package let architecture: String
  package let source: Source
  /// nil for a disk that was there, or was made from a directory.
  package var stage: Stage?
  /// The region to which the blocks were sent, then those to which the image was copied.
  package var images: [Place]
  package var sent: Sent?

  /// The tag of all resources of an export.
  package static let tag = "mirrorctl:export"
  /// The end of the names of records.
  package static let suffix = ".ami.json"
  /// The largest file that is read as a record.
  private static let limit = 1 << 20

  package init(
    section: String, name: String, architecture: String, source: Source, stage: Stage? = nil, region: String
  ) {
    (version, provider) = (1, "ec2")
    (self.section, self.name, self.architecture) = (section, name, architecture)
    (self.source, self.stage) = (source, stage)
    token = Self.newToken()
    images = [Place(region)]
    sent = Sent()
  }

  /// A token that no other export has.
  private static func newToken() -> String { "mirrorctl-" + UUID().uuidString.lowercased() }

  /// Forgets what was sent; the next snapshot is another one.
  package mutating func startOver() {
    (token, sent) = (Self.newToken(), Sent())
    images[0].snapshots = []
  }

  /// The name of the journal of a record.
  package static func journal(of name: FileName) -> FileName {
    FileName(bytes: Array(".".utf8) + name.bytes + Array(".journal".utf8))
  }

  /// Whether a file of this name is a record.
  package static func isRecord(_ name: FileName) -> Bool { !name.isHidden && name.hasSuffix(".ami.json") }

  /// Whether a file of this name is a journal.
  package static func isJournal(_ name: FileName) -> Bool {
    name.isHidden && name.hasSuffix(".ami.json.journal")
  }

  /// Reads a record or a journal; nil if it does not exist.
  ///
  /// - Throws: if it is not a record.
  package static func read(
    _ name: FileName, in directory: borrowing AnchoredDirectory
  ) throws(MirrorError) -> CloudRecord? {
    guard let bytes = try directory.contents(of: MirrorPath(bytes: name.bytes), limit: limit) else {
      return nil
    }
    guard let record = OutsideJSON.decode(CloudRecord.self, from: bytes), record.version == 1,
      record.provider == "ec2", !record.images.isEmpty, !record.token.isEmpty
    else {
      throw MirrorError(
        .invalid, directory.displayed(name), "is not a record of images",
        remedy: "remove the images by hand, then this file")
    }
    return record
  }

  /// The bytes of the file; equal content gives equal bytes.
  package func bytes() throws(MirrorError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
    do { return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")] } catch {
      throw MirrorError(.library, name, "cannot be written as JSON: \(error)")
    }
  }
}

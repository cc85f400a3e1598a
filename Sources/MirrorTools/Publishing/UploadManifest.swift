import LinuxSystem
import FoundationEssentials

/// The contents of an upload to a master, written when the upload is complete.
struct UploadManifest: Codable, Sendable {
  /// A file that waits beside the manifest.
  struct File: Codable, Sendable {
    let path: ExactPath
    /// Size in bytes.
    let size: Int64
    /// Lowercase hexadecimal.
    let sha256: String
  }

  /// A symbolic link, made by the receiver.
  struct Link: Codable, Sendable {
    let path: ExactPath
    let target: ExactPath
  }

  /// A small file below `.control`.
  struct Control: Codable, Sendable {
    let path: ExactPath
    let text: String
    /// Nanoseconds since the epoch.
    let mtime: Int64
  }

  /// The version of this format that is written and read here.
  static let current = 1
  /// The version of its format.
  var version = current
  var server: String
  /// ISO 8601.
  var date: String
  var software = "mirrorctl \(ToolVersion.text)"
  var files: [File] = []
  var links: [Link] = []
  var control: [Control] = []
  /// Deleted `.control` files.
  var cleared: [ExactPath] = []

  /// The maximum size of its text.
  static let maximumBytes = 16 << 20
  /// The maximum number of entries.
  static let maximumCount = 100_000

  /// The number of entries.
  var count: Int { files.count + links.count + control.count + cleared.count }

  /// The text of the manifest.
  ///
  /// - Throws: also if a master would not read it.
  func encoded() throws(MirrorError) -> [UInt8] {
    let text = try json()
    guard text.count <= Self.maximumBytes, count <= Self.maximumCount else {
      throw MirrorError(
        .invalid, "the upload's manifest",
        "has \(counted(count, "entry", "entries")), more than a master receives at once",
        remedy: "exclude some versions, publish, and remove the exclusion again")
    }
    return text
  }

  private func json() throws(MirrorError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do { return Array(try encoder.encode(self)) } catch {
      throw MirrorError(.library, "the upload's manifest", "\(error)")
    }
  }

  /// Parses a manifest; `name` is its path, for messages.
  init(_ text: [UInt8], name: String) throws(MirrorError) {
    // Other keys may have another form in a later version.
    if let head = OutsideJSON.decode(Head.self, from: text), head.version != Self.current {
      let software = head.software.map { escaped(Array($0.utf8.prefix(64))) } ?? "another program"
      throw MirrorError(
        .invalid, name,
        "has version \(head.version) of its format, by \(software); mirrorctl "
          + "\(ToolVersion.text) here reads version \(Self.current)",
        remedy: head.version > Self.current
          ? "upgrade mirrorctl on this master" : "upgrade mirrorctl on the server that uploads")
    }
    guard let manifest = OutsideJSON.decode(Self.self, from: text) else {
      throw MirrorError(
        .invalid, name, "is not an upload manifest", remedy: "remove it: the server will write a new one")
    }
    self = manifest
  }

  /// The keys that all versions have.
  private struct Head: Decodable {
    let version: Int
    let software: String?
  }

  init(server: String, date: String) {
    self.server = server
    self.date = date
  }
}

/// The exact bytes of a path as text: bytes other than printable ASCII are written as `%XX`.
struct ExactPath: Codable, Hashable, Sendable {
  let path: MirrorPath

  init(_ path: MirrorPath) { self.path = path }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let bytes = Self.decoded(Array(try container.decode(String.self).utf8)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a path")
    }
    path = MirrorPath(bytes: bytes)
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(Self.encoded(path.bytes))
  }

  static func encoded(_ bytes: [UInt8]) -> String {
    if bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "%") }) {
      return String(decoding: bytes, as: UTF8.self)
    }
    return bytes.map { byte in
      byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "%")
        ? String(Character(Unicode.Scalar(byte))) : "%" + hex([byte])
    }.joined()
  }

  static func decoded(_ text: [UInt8]) -> [UInt8]? {
    var bytes: [UInt8] = []
    var rest = text[...]
    while let first = rest.first {
      guard first == UInt8(ascii: "%") else {
        bytes.append(first)
        rest = rest.dropFirst()
        continue
      }
      let digits = String(decoding: rest.dropFirst().prefix(2), as: UTF8.self)
      guard digits.utf8.count == 2, let byte = UInt8(digits, radix: 16) else { return nil }
      bytes.append(byte)
      rest = rest.dropFirst(3)
    }
    return bytes
  }
}

/// Paths of uploads on a master.
enum Upload {
  /// The maximum number of components of a path in an upload.
  static let depth = 16
  static let parent: MirrorPath = ".incoming"
  static let manifest: FileName = ".complete"

  /// The directory of a server.
  static func directory(of server: String) -> MirrorPath { parent.appending(FileName(server)) }
}

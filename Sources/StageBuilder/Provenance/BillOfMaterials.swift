import LinuxSystem
import MirrorModel
import MirrorTools

/// A software bill of materials (SBOM): what a tarball or image contains, in the formats that are configured.
struct BillOfMaterials {
  /// The words of `build/sbom`.
  enum Format: String, CaseIterable {
    case spdx, cyclonedx

    var sidecar: SidecarKind { self == .spdx ? .spdx : .cyclonedx }
  }

  let inventory: PackageInventory
  /// Its name, and its SHA-256 in lowercase hexadecimal.
  let subject: (name: String, sha256: String)
  /// Seconds since the epoch: the time of the version, so that equal stages have equal documents.
  let epoch: Int64
  /// The program and its version: `mirrorctl 0.1.0`.
  var tool: (name: String, version: String) = ("mirrorctl", ToolVersion.text)

  /// The document in a format.
  func document(_ format: Format) throws(MirrorError) -> [UInt8] {
    switch format {
    case .spdx: try StableJSON.bytes(SPDXDocument(self))
    case .cyclonedx: try StableJSON.bytes(CycloneDXDocument(self))
    }
  }

  var created: String { Self.time(epoch) }

  /// A time as in RFC 3339, in UTC.
  static func time(_ seconds: Int64) -> String { VersionDate(momentAt: seconds).extended }

  /// A URL without characters that are not allowed in one; nil for other text.
  static func url(_ text: String?) -> String? {
    guard let text, ["https://", "http://", "ftp://"].contains(where: { text.hasPrefix($0) }),
      text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && !"\"<>\\^`{|}".utf8.contains($0) })
    else { return nil }
    return text
  }
}

/// Identifiers in a document: unique, and with few characters.
struct DocumentIdentifiers {
  private var known: [String: String] = [:]
  private var taken: Set<String> = []

  /// The identifier of a text: always the same, and another one for other `details`.
  mutating func identifier(_ prefix: String, _ text: String, _ details: String = "") -> String {
    let key = "\(prefix) \(text) \(details)"
    if let known = known[key] { return known }
    let letters = text.utf8.map { byte in
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: ".")
        ? byte : UInt8(ascii: "-")
    }
    let plain = prefix + String(decoding: letters, as: UTF8.self)
    var identifier = plain
    var count = 2
    while !taken.insert(identifier).inserted {
      identifier = "\(plain)-\(count)"
      count += 1
    }
    known[key] = identifier
    return identifier
  }
}

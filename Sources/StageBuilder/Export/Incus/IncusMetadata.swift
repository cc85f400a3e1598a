import LinuxSystem
import MirrorModel
import MirrorTools

/// `metadata.yaml` of an image for Incus and LXD.
///
/// Source: the documentation of Incus, "Image format".
struct IncusMetadata {
  private let architecture: String
  private let created: Int64
  private let properties: [String: String]

  /// - Parameters:
  ///   - name: that of the image.
  ///   - given: properties that replace the usual ones.
  init(_ job: ExportJob, _ architecture: Architecture, name: String, given: [String: String])
    throws(MirrorError)
  {
    guard let known = architecture.imageName else {
      throw MirrorError(
        .invalid, architecture.title, "has no name in images for Incus", remedy: "use another format")
    }
    self.architecture = known
    created = job.epoch
    let serial = String(UTCText.internet(job.epoch).prefix(10).filter { $0 != "-" })
    let usual = ["architecture": known, "name": name, "description": name, "serial": serial]
    properties = usual.merging(job.properties) { $1 }.merging(given) { $1 }
  }

  /// Throws for names and values that cannot be written.
  static func check(_ properties: [String: String], _ section: SettingsSection) throws(MirrorError) {
    for (name, value) in properties {
      guard name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && !"'\":#{}[],&*!|>%@`".utf8.contains($0) }) else {
        throw section.invalid("property/\(name)", "is not the name of a property", "use letters and digits")
      }
      guard value.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
        throw section.invalid("property/\(name)", "contains control characters", "remove them")
      }
    }
  }

  /// Its bytes.
  var bytes: [UInt8] {
    let lines =
      ["architecture: \(Self.quoted(architecture))", "creation_date: \(created)", "properties:"]
      + properties.sorted { $0.key < $1.key }.map { "  \($0.key): \(Self.quoted($0.value))" }
    return Array(lines.map { $0 + "\n" }.joined().utf8)
  }

  private static func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }
}

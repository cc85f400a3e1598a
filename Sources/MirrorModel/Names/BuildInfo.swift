public import LinuxSystem

/// The information that a build recorded about itself in `build-info.json`.
public struct BuildInfo: Sendable, Hashable {
  package static let fileName: FileName = "build-info.json"

  /// Strings and numbers, as text.
  public var values: [String: String]
  /// Keys with values of other types.
  public var unusable: [String]

  /// Takes any values.
  public init(_ values: [String: String] = [:], unusable: [String] = []) {
    self.values = values
    self.unusable = unusable
  }

  /// Reads a version's file in the mirror at `root`; empty if there is none.
  ///
  /// - Throws: when it cannot be read, or is not a JSON object.
  public static func read(_ version: Version, in mirror: Mirror) throws(MirrorError) -> BuildInfo {
    let anchor = try AnchoredDirectory(root: mirror.root)
    let path = version.path.appending(fileName)
    guard let bytes = try anchor.contents(of: path, limit: 1 << 20) else { return BuildInfo() }
    return try parse(bytes, subject: mirror.displayed(path))
  }

  /// Whether ``read(_:in:)`` can parse a text.
  package static func isReadable(_ bytes: [UInt8]) -> Bool { (try? parse(bytes, subject: "")) != nil }

  static func parse(_ bytes: [UInt8], subject: String) throws(MirrorError) -> BuildInfo {
    guard let object = OutsideJSON.decode([String: Scalar].self, from: bytes) else {
      throw MirrorError(.invalid, subject, "is not a JSON object", remedy: "build again, or fix the file")
    }
    return BuildInfo(
      object.compactMapValues(\.text), unusable: object.filter { $0.value.text == nil }.keys.sorted())
  }

  /// A JSON value; its text if it is a string or a number.
  private struct Scalar: Decodable {
    let text: String?

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let string = try? container.decode(String.self) {
        text = string
      } else if (try? container.decode(Bool.self)) != nil {
        text = nil
      } else if let integer = try? container.decode(Int64.self) {
        text = String(integer)
      } else {
        text = (try? container.decode(Double.self)).map { "\($0)" }
      }
    }
  }
}

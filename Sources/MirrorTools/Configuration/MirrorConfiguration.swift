public import FlexData
public import SystemPackage

/// What a configuration says about a mirror.
public struct MirrorConfiguration: Sendable {
  /// `path/mirror`; nil if it is not said.
  public var mirror: FilePath?
  /// `target/compression`; nil if it is not said.
  public var compression: String?
  /// `[section rotation]`.
  public var rotation = RotationSettings()
  /// `rotation/keep` and its kin; nil if none is said.
  public var retention: RetentionPolicy?

  /// Nothing is said.
  public init() {}

  /// What elements say.
  ///
  /// - Throws: ``FlexDataError`` or ``MirrorError`` with what is wrong.
  public init(_ elements: Elements) throws {
    let section = RotationSection(elements)
    if let text = try elements.text("path/mirror"), !text.isEmpty {
      guard text.hasPrefix("/") else {
        throw section.invalid("path/mirror", "`\(text)` is no absolute path", "begin it with /")
      }
      mirror = FilePath(text).lexicallyNormalized()
    }
    compression = try elements.text("target/compression").flatMap { $0.isEmpty ? nil : $0 }
    rotation = try section.settings()
    retention = try section.retention()
  }
}

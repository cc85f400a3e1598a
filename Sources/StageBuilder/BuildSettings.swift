import LinuxSystem
import FlexData
import MirrorTools
import SystemPackage

/// The configuration and the specs of one target; evaluated again for each target, since files change.
struct BuildSettings {
  /// The target's name; nil if only the shared settings are needed.
  let target: String?
  /// The default of `path/tmp`.
  let usualTemporary: FilePath
  private let elements: Elements

  /// - Throws: ``FlexDataError`` with all errors, or ``MirrorError`` if something cannot be read.
  init(_ request: BuildRequest, target: String?, _ source: ConfigurationFile.Request) throws {
    var source = source
    // The request's path of the mirror overrides the file.
    source.definitions += request.elements(target: target)
    source.isStrict = target != nil
    self.target = target
    usualTemporary = source.temporary
    elements = try ConfigurationFile(source).elements
    if try elements.text("portage/MAKEOPTS") == "auto" {
      try elements.define(
        [(name: "portage/MAKEOPTS", value: "-j\(Workers.processors + 1)")], origin: "mirrorctl")
    }
  }

  /// An element's text; nil if it is undefined or blank.
  func text(_ name: String) throws -> String? {
    guard let text = try elements.text(name), !text.isEmpty else { return nil }
    return text
  }

  /// An element's text, which must be defined.
  func required(_ name: String) throws -> String {
    guard let text = try text(name) else { throw undefined(name) }
    return text
  }

  /// The error for an element that must be defined.
  func undefined(_ name: String) -> MirrorError {
    MirrorError(
      .invalid, name, "is not defined\(target.map { " for the target \($0)" } ?? "")",
      remedy: "define it, or check that path/install is a spec tree")
  }

  /// An element's list of words.
  func words(_ name: String) throws -> [String] {
    try text(name)?.split { $0 == " " || $0 == "\t" }.map(String.init) ?? []
  }

  /// A script; nil if it is undefined.
  ///
  /// - Throws: when it is a single line.
  func script(_ name: String) throws -> String? {
    guard let lines = try elements.lines(name) else { return nil }
    guard try elements.isMultiline(name) else {
      let place = try elements.place(of: name).map { "\($0): " } ?? ""
      throw MirrorError(
        .invalid, "\(place)\(name)", "is not a script: it is a single line",
        remedy: "write `\(name): [` followed by its lines"
      )
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// An absolute path on the host.
  func path(_ name: String) throws -> FilePath? {
    guard let text = try text(name) else { return nil }
    guard text.hasPrefix("/") else {
      throw MirrorError(
        .invalid, name, "`\(text)` is not an absolute path", remedy: "use a path that begins with /")
    }
    let path = FilePath(text).lexicallyNormalized()
    guard path != "/" else {
      throw MirrorError(
        .refused, name, "is the root of the file system", remedy: "use a dedicated directory")
    }
    return path
  }

  /// An absolute path on the host, which must be defined.
  func requiredPath(_ name: String) throws -> FilePath {
    guard let path = try path(name) else { throw undefined(name) }
    return path
  }

  /// A path on the host as a path in the mirror; nil if it is undefined.
  func mirrorPath(_ name: String, in root: FilePath) throws -> MirrorPath? {
    guard let path = try path(name) else { return nil }
    var rest = path
    guard rest.removePrefix(root), !rest.isEmpty else {
      throw MirrorError(
        .invalid, name, "`\(path)` is not in the mirror \(root)", remedy: "check path/mirror and the specs")
    }
    return MirrorPath(rest.string)
  }

  /// Whether results are for the mirror: `release/type` is undefined or `official`.
  var isOfficial: Bool { get throws { try text("release/type").map { $0 == "official" } ?? true } }
}

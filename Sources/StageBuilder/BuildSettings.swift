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
  /// Whether MAKEOPTS was left to mirrorctl, so that the target can share its jobs with others.
  let sharesJobs: Bool
  private let elements: Elements
  /// Collects that could not be resolved, if that is not an error.
  private let unresolved: [Problem]

  /// - Parameter isNeutral: whether what only the machine decides is left out: MAKEOPTS.
  /// - Throws: ``FlexDataError`` with all errors, or ``MirrorError`` if something cannot be read.
  init(
    _ request: BuildRequest, target: String?, variant: String? = nil, _ source: ConfigurationFile.Request,
    isNeutral: Bool = false
  ) throws {
    var source = source
    // The request's path of the mirror overrides the file.
    source.definitions += request.elements(target: target, variant: variant)
    source.isStrict = target != nil
    self.target = target
    usualTemporary = source.temporary
    let file = try ConfigurationFile(source)
    elements = file.elements
    unresolved = file.unresolved
    if let target, let stage = try elements.text("export/\(target)/source"), stage != "stage3" {
      try elements.define([(name: "stage4/source", value: stage)], origin: "export/\(target)/source")
    }
    sharesJobs = try elements.text("portage/MAKEOPTS") == "auto"
    if isNeutral || sharesJobs {
      let value = isNeutral ? "-j" : "-j\(source.makeJobs)"
      try elements.define([(name: "portage/MAKEOPTS", value: value)], origin: "mirrorctl")
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
    // A file that was not collected may define it. Only a target defines `target`.
    if let collect = unresolved.first(where: { $0.missing != nil && $0.missing != "target" }),
      let place = collect.place, let missing = collect.missing
    {
      return MirrorError(
        .invalid, "\(place)",
        "`\(missing)` is not defined, so this file is not collected, and \(name) is not defined",
        remedy: collect.hint ?? "define it, or check its name")
    }
    return MirrorError(
      .invalid, name, "is not defined\(target.map { " for the target \($0)" } ?? "")",
      remedy: "define it, or check that path/install is a spec tree")
  }

  /// Throws what is wrong with a script, if the specification contains it.
  func check(script name: String) throws {
    try elements.check(name)
    if try elements.place(of: name) != nil { try checkLines(of: name) }
  }

  /// Whether an element is defined.
  func defines(_ name: String) throws -> Bool { try elements.place(of: name) != nil }

  /// The elements in sections that are complete scripts, and their positions.
  func scripts(in sections: [String]) -> [(name: String, place: Place)] {
    sections.flatMap { elements.names(in: $0) }.compactMap { name in
      // An element that nothing reads may have a condition that cannot be evaluated.
      guard (try? elements.opening(of: name))??.hasPrefix("#!") == true else { return nil }
      return (try? elements.place(of: name)).flatMap { $0 }.map { (name, $0) }
    }
  }

  /// Whether an error is only that a file below the mirror or a directory of the build does not exist: an
  /// earlier target or a step may write it.
  func isUnknownYet(_ error: FlexDataError, mirror: FilePath) -> Bool {
    let places =
      ["path/tmp", "path/work"].compactMap { (try? path($0)) ?? nil } + [mirror.normalized]
    return error.problems.contains { problem in
      problem.unreadable.map { file in places.contains { FilePath(file).starts(with: $0) } } ?? false
    }
  }

  /// The values that the specifications and the configuration compare an element with.
  func comparedValues(of name: String) -> [String] { elements.comparedValues(of: name) }

  /// The elements of a section that are neither undefined nor blank, by their names in it.
  func texts(in section: String) throws -> [(name: String, text: String)] {
    try elements.names(in: section).compactMap { name in
      try text(name).map { (String(name.dropFirst(section.utf8.count + 1)), $0) }
    }
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
    try checkLines(of: name)
    return lines.joined(separator: "\n") + "\n"
  }

  /// Throws if an element is a single line.
  private func checkLines(of name: String) throws {
    guard try !elements.isMultiline(name) else { return }
    let place = try elements.place(of: name).map { "\($0): " } ?? ""
    throw MirrorError(
      .invalid, "\(place)\(name)", "is not a script: it is a single line",
      remedy: "write `\(name): [` followed by its lines"
    )
  }

  /// An absolute path on the host.
  func path(_ name: String) throws -> FilePath? {
    guard let text = try text(name) else { return nil }
    guard text.hasPrefix("/") else {
      throw MirrorError(
        .invalid, name, "`\(text)` is not an absolute path", remedy: "use a path that begins with /")
    }
    let path = FilePath(text).normalized
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

  /// `[section export/NAME]` of a target with this name.
  func exportSection() throws -> ExportSection {
    let section = try ExportSection(target ?? "", of: elements)
    guard section.format.isSigned else { return section }
    throw section.settings.invalid(
      "format", "\(section.format.rawValue) has digests of its own, unlike the files of a mirror",
      "export the stage to a directory outside of the mirror")
  }

  /// Whether builds make candidates: `build/stage` is `candidate`.
  var makesCandidates: Bool {
    get throws {
      switch try text("build/stage") ?? "release" {
      case "release": false
      case "candidate": true
      case let other:
        throw MirrorError(
          .invalid, "build/stage", "`\(other)` is neither release nor candidate",
          remedy: "use release or candidate")
      }
    }
  }

  /// `[section test]`.
  var trial: TrialSettings { get throws { try TrialSettings(elements) } }

  /// Whether results are for the mirror: `release/type` is undefined or `official`.
  var isOfficial: Bool { get throws { try text("release/type").map { $0 == "official" } ?? true } }
}

package import LinuxSystem
import FlexData

/// A section of the configuration with known settings: reads them, and reports unknown ones.
package struct SettingsSection {
  private let elements: Elements
  /// `rotation`, or `publish/master`.
  package let name: String
  /// Names of valid settings.
  let known: [String]
  /// Prefixes of settings that end with a name, e.g. `modes/`.
  let families: [String]

  init(_ name: String, of elements: Elements, known: [String], families: [String] = []) {
    self.elements = elements
    self.name = name
    self.known = known
    self.families = families
  }

  /// - Parameter settings: those that end with a slash are prefixes.
  init(_ name: String, of elements: Elements, settings: [String]) {
    self.init(
      name, of: elements, known: settings.filter { !$0.hasSuffix("/") },
      families: settings.filter { $0.hasSuffix("/") })
  }

  /// The names of the sections `group/NAME` that elements define, sorted.
  static func names(in group: String, of elements: Elements) -> [String] {
    let found = elements.names.compactMap { name -> String? in
      guard name.hasPrefix(group + "/") else { return nil }
      let own = name.dropFirst(group.count + 1).prefix { $0 != "/" }
      return own.isEmpty ? nil : String(own)
    }
    return Set(found).sorted()
  }

  /// Settings in the section, without its name, in the order of definition.
  var own: [String] {
    elements.names.compactMap { $0.hasPrefix(name + "/") ? String($0.dropFirst(name.count + 1)) : nil }
  }

  /// The settings of a family that are neither blank nor undefined, by the rest of their names.
  package func texts(_ family: String) throws -> [String: String] {
    var texts: [String: String] = [:]
    for setting in own where setting.hasPrefix(family) && setting.count > family.count {
      texts[String(setting.dropFirst(family.count))] = try text(setting)
    }
    return texts
  }

  /// Whether no setting is omitted because it is wrong, so that settings can be compared with each other.
  var isWhole: Bool { !elements.omitted.contains { $0.hasPrefix(name + "/") } }

  /// Throws for the first unknown setting.
  func check() throws(MirrorError) {
    if let unknown = unknown().first { throw unknown }
  }

  /// Unknown settings, one error each.
  func unknown() -> [MirrorError] {
    own.filter { name in
      !known.contains(name) && !families.contains { name.hasPrefix($0) && name.count > $0.count }
    }.map { setting in
      let all = known + families.map { $0 + "..." }
      return invalid(
        setting, "is not a setting of [section \(name)]",
        Spelling.nearest(to: setting, in: known).map { "did you mean \($0)?" }
          ?? "valid settings are \(all.joined(separator: ", "))")
    }
  }

  /// The settings of an image that is a part of this one, as a section of their own.
  ///
  /// - Throws: for unknown settings.
  package func part(_ name: String, _ format: ExportFormat) throws(MirrorError) -> SettingsSection {
    let part = SettingsSection("\(self.name)/\(name)", of: elements, settings: format.settings)
    try part.check()
    return part
  }

  /// The value of a setting; nil if not set, or blank.
  package func text(_ setting: String) throws -> String? {
    try elements.text("\(name)/\(setting)").flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The lines of a shell script; nil if not set, or blank.
  package func script(_ setting: String) throws -> String? {
    guard let text = try elements.lines("\(name)/\(setting)")?.joined(separator: "\n") else { return nil }
    return text.allSatisfy(\.isWhitespace) ? nil : text
  }

  /// The lines of a value without blanks around them, except empty lines and comments; nil if not set.
  package func lines(_ setting: String) throws -> [String]? {
    try elements.lines("\(name)/\(setting)")?.compactMap { line in
      let words = line.split(whereSeparator: \.isWhitespace)
      guard let first = words.first, let last = words.last, !first.hasPrefix("#") else { return nil }
      return String(line[first.startIndex..<last.endIndex])
    }
  }

  /// The words of a value, empty if blank; nil if not set.
  package func words(_ setting: String) throws -> [String]? {
    try elements.text("\(name)/\(setting)").map { $0.split { $0 == " " || $0 == "\t" }.map(String.init) }
  }

  /// A number; nil if not set.
  package func number(_ setting: String, from least: Int, to most: Int = 1_000_000) throws -> Int? {
    guard let text = try text(setting) else { return nil }
    guard let number = Int(text), least <= number, number <= most else {
      throw invalid(setting, "`\(text)` is not a number from \(least) to \(most)", "use a number")
    }
    return number
  }

  /// `yes` or `no`; nil if not set.
  package func flag(_ setting: String) throws -> Bool? {
    guard let text = try text(setting) else { return nil }
    switch text {
    case "yes": return true
    case "no": return false
    default: throw invalid(setting, "`\(text)` is neither yes nor no", "use yes or no")
    }
  }

  /// One of several words; nil if not set.
  package func choice<Choice: RawRepresentable & CaseIterable>(
    _ setting: String, _: Choice.Type = Choice.self
  ) throws -> Choice? where Choice.RawValue == String {
    guard let text = try text(setting) else { return nil }
    return try choice(setting, text)
  }

  /// Some of several words; nil if not set.
  package func choices<Choice: RawRepresentable & CaseIterable>(
    _ setting: String, _: Choice.Type = Choice.self
  ) throws -> [Choice]? where Choice.RawValue == String {
    try words(setting)?.map { try choice(setting, $0) }
  }

  private func choice<Choice: RawRepresentable & CaseIterable>(
    _ setting: String, _ word: String
  ) throws -> Choice where Choice.RawValue == String {
    guard let choice = Choice.allCases.first(where: { $0.rawValue == word }) else {
      let all = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw invalid(setting, "`\(word)` is not valid", "use some of: \(all)")
    }
    return choice
  }

  /// An absolute path; nil if not set.
  package func absolutePath(_ setting: String) throws -> String? {
    guard let text = try text(setting) else { return nil }
    guard text.hasPrefix("/") else {
      throw invalid(setting, "`\(text)` is not an absolute path", "use a path that begins with /")
    }
    return text
  }

  /// Seconds, given as `90s`, `15m`, `6h`, `2d` or `1w`; nil if not set.
  package func seconds(_ setting: String) throws -> Int? {
    guard let text = try text(setting) else { return nil }
    guard let seconds = Self.seconds(text) else {
      throw invalid(setting, "`\(text)` is not a time", "use 90s, 15m, 6h, 2d or 1w")
    }
    return seconds
  }

  /// Seconds, given in the same way; nil for anything else.
  package static func seconds(_ text: String) -> Int? {
    let factors: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
    guard let factor = text.last.flatMap({ factors[$0] }) ?? (text == "0" ? 1 : nil),
      let count = Int(text == "0" ? text : String(text.dropLast())), (0...100_000).contains(count)
    else { return nil }
    return count * factor
  }

  /// Bytes, given as `512K`, `10M` or `1G` in powers of 1024; nil if not set.
  package func bytes(_ setting: String) throws -> Int64? {
    guard let text = try text(setting) else { return nil }
    guard let bytes = Quantity.bytes(text) else {
      throw invalid(setting, "`\(text)` is not a number of bytes", "use 512K, 10M or 1G")
    }
    return bytes
  }

  /// URLs of web servers, separated by spaces, returned without trailing slashes; nil if not set.
  func addresses(_ setting: String) throws -> [String]? {
    try words(setting)?.map { word in
      let scheme = ["https://", "http://", "ftp://"].first { word.hasPrefix($0) }
      let rest = scheme.map { word.dropFirst($0.count) } ?? ""
      // No characters that would end a URL, or its path.
      let isWhole = word.utf8.allSatisfy { (0x21...0x7e).contains($0) && !"\"<>\\^`{|}#?".utf8.contains($0) }
      guard !rest.isEmpty, !rest.hasPrefix("/"), isWhole else {
        throw invalid(
          setting, "`\(word)` is not a URL of a mirror",
          "use https://HOST/PATH, and escape characters other than ASCII")
      }
      return String(word.reversed().drop { $0 == "/" }.reversed())
    }
  }

  /// The setting that an error of ``invalid(_:_:_:)`` names; no name contains the separator.
  static func setting(of error: MirrorError) -> String {
    error.subject.split(separator: ": ").last.map(String.init) ?? error.subject
  }

  /// An error with the name of a setting and the place of its definition.
  package func invalid(_ setting: String, _ problem: String, _ remedy: String) -> MirrorError {
    let element = "\(name)/\(setting)"
    let place = (try? elements.place(of: element)).flatMap { $0 }
    return MirrorError(.invalid, place.map { "\($0): \(element)" } ?? element, problem, remedy: remedy)
  }
}

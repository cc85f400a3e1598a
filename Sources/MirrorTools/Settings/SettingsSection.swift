import LinuxSystem
import FlexData

/// A section of the configuration whose settings mirrorctl knows: reads them, and names what means nothing.
struct SettingsSection {
  private let elements: Elements
  /// `rotation`, or `publish/master`.
  let name: String
  /// Settings that may stand in it.
  let known: [String]
  /// Beginnings of settings that end in a name, `modes/`.
  let families: [String]

  init(_ name: String, of elements: Elements, known: [String], families: [String] = []) {
    self.elements = elements
    self.name = name
    self.known = known
    self.families = families
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

  /// Settings, without the section's name, in the order of their definition.
  var own: [String] {
    elements.names.compactMap { $0.hasPrefix(name + "/") ? String($0.dropFirst(name.count + 1)) : nil }
  }

  /// Settings that mean nothing, each as an error.
  func unknown() -> [MirrorError] {
    own.filter { name in
      !known.contains(name) && !families.contains { name.hasPrefix($0) && name.count > $0.count }
    }.map { setting in
      let all = known + families.map { $0 + "..." }
      return invalid(
        setting, "is no setting of [section \(name)]",
        Spelling.nearest(to: setting, in: known).map { "did you mean \($0)?" }
          ?? "there are \(all.joined(separator: ", "))")
    }
  }

  /// The setting's value; nil if it is not said, or blank.
  func text(_ setting: String) throws -> String? {
    try elements.text("\(name)/\(setting)").flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The lines of a shell script; nil if it is not said, or blank.
  func script(_ setting: String) throws -> String? {
    guard let text = try elements.lines("\(name)/\(setting)")?.joined(separator: "\n") else { return nil }
    return text.allSatisfy(\.isWhitespace) ? nil : text
  }

  /// The value's words, none if it is blank; nil if it is not said.
  func words(_ setting: String) throws -> [String]? {
    try elements.text("\(name)/\(setting)").map { $0.split { $0 == " " || $0 == "\t" }.map(String.init) }
  }

  /// A number; nil if it is not said.
  func number(_ setting: String, from least: Int, to most: Int = 1_000_000) throws -> Int? {
    guard let text = try text(setting) else { return nil }
    guard let number = Int(text), least <= number, number <= most else {
      throw invalid(setting, "`\(text)` is no number from \(least) to \(most)", "write a number")
    }
    return number
  }

  /// `yes` or `no`; nil if it is not said.
  func flag(_ setting: String) throws -> Bool? {
    guard let text = try text(setting) else { return nil }
    switch text {
    case "yes": return true
    case "no": return false
    default: throw invalid(setting, "`\(text)` is neither yes nor no", "write yes or no")
    }
  }

  /// One of several words; nil if it is not said.
  func choice<Choice: RawRepresentable & CaseIterable>(
    _ setting: String, _: Choice.Type = Choice.self
  ) throws -> Choice? where Choice.RawValue == String {
    guard let text = try text(setting) else { return nil }
    return try choice(setting, text)
  }

  /// Some of several words; nil if it is not said.
  func choices<Choice: RawRepresentable & CaseIterable>(
    _ setting: String, _: Choice.Type = Choice.self
  ) throws -> [Choice]? where Choice.RawValue == String {
    try words(setting)?.map { try choice(setting, $0) }
  }

  private func choice<Choice: RawRepresentable & CaseIterable>(
    _ setting: String, _ word: String
  ) throws -> Choice where Choice.RawValue == String {
    guard let choice = Choice(rawValue: word) else {
      let all = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw invalid(setting, "`\(word)` is not known", "use some of: \(all)")
    }
    return choice
  }

  /// An absolute path; nil if it is not said.
  func absolutePath(_ setting: String) throws -> String? {
    guard let text = try text(setting) else { return nil }
    guard text.hasPrefix("/") else {
      throw invalid(setting, "`\(text)` is no absolute path", "begin it with /")
    }
    return text
  }

  /// Seconds, written `90s`, `15m`, `6h`, `2d` or `1w`; nil if it is not said.
  func seconds(_ setting: String) throws -> Int? {
    guard let text = try text(setting) else { return nil }
    let factors: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
    guard let factor = text.last.flatMap({ factors[$0] }) ?? (text == "0" ? 1 : nil),
      let count = Int(text == "0" ? text : String(text.dropLast())), (0...100_000).contains(count)
    else { throw invalid(setting, "`\(text)` is no time", "write 90s, 15m, 6h, 2d or 1w") }
    return count * factor
  }

  /// Bytes, written `512K`, `10M` or `1G` in powers of 1024; nil if it is not said.
  func bytes(_ setting: String) throws -> Int64? {
    guard let text = try text(setting) else { return nil }
    guard let bytes = Quantity.bytes(text) else {
      throw invalid(setting, "`\(text)` is no number of bytes", "write 512K, 10M or 1G")
    }
    return bytes
  }

  /// Addresses of web servers, separated by spaces, without slashes at their ends; nil if it is not said.
  func addresses(_ setting: String) throws -> [String]? {
    try words(setting)?.map { word in
      let scheme = ["https://", "http://", "ftp://"].first { word.hasPrefix($0) }
      let rest = scheme.map { word.dropFirst($0.count) } ?? ""
      // Nothing that would end an address, or its path.
      let isWhole = word.utf8.allSatisfy { (0x21...0x7e).contains($0) && !"\"<>\\^`{|}#?".utf8.contains($0) }
      guard !rest.isEmpty, !rest.hasPrefix("/"), isWhole else {
        throw invalid(
          setting, "`\(word)` is no address of a mirror",
          "write https://HOST/PATH, and escape what is no ASCII")
      }
      return String(word.reversed().drop { $0 == "/" }.reversed())
    }
  }

  /// An error that names a setting and where it is defined.
  func invalid(_ setting: String, _ problem: String, _ remedy: String) -> MirrorError {
    let element = "\(name)/\(setting)"
    let place = (try? elements.place(of: element)).flatMap { $0 }
    return MirrorError(.invalid, place.map { "\($0): \(element)" } ?? element, problem, remedy: remedy)
  }
}

import FlexData

/// Reads `[section rotation]`, and knows all that may stand in it.
struct RotationSection {
  private let elements: Elements
  private static let prefix = "rotation/"
  /// Names that may be defined in it; `*` stands for one or more names.
  static let known = [
    "builds", "arches", "subarches", "also-stored", "all-builds", "all-arches", "stale-days", "max-failcount",
    "keep", "keep-within", "keep-daily", "keep-weekly", "keep-monthly", "keep-yearly", "modes",
    "ignore-builds",
    "decide",
  ]
  private static let families = ["modes/", "extras/"]

  init(_ elements: Elements) { self.elements = elements }

  /// Names below `rotation/` that mean nothing.
  func unknownNames() -> [String] {
    elements.names.filter { name in
      guard name.hasPrefix(Self.prefix) else { return false }
      let own = String(name.dropFirst(Self.prefix.count))
      return !Self.known.contains(own)
        && !Self.families.contains { own.hasPrefix($0) && own.count > $0.count }
    }
  }

  /// Says of a name that it means nothing.
  func unknown(_ name: String) -> MirrorError {
    let own = String(name.dropFirst(Self.prefix.count))
    let near = Spelling.nearest(to: own, in: Self.known)
    return invalid(
      name, "is no setting of the rotation",
      near.map { "did you mean \($0)?" }
        ?? "there are \(Self.known.joined(separator: ", ")), modes/..., extras/...")
  }

  func settings() throws -> RotationSettings {
    if let name = unknownNames().first { throw unknown(name) }
    var settings = RotationSettings()
    settings.builds = try names("builds")
    settings.arches = try names("arches")
    settings.subarches = try names("subarches")
    settings.alsoStored = try names("also-stored") ?? []
    settings.allBuilds = try names("all-builds")
    settings.allArches = try names("all-arches")
    settings.ignoredBuilds = try names("ignore-builds") ?? []
    settings.staleDays = try number("stale-days", from: 0) ?? settings.staleDays
    settings.maxFailcount = try number("max-failcount", from: 0) ?? settings.maxFailcount
    settings.modes = try modes("modes") ?? settings.modes
    for name in elements.names where name.hasPrefix(Self.prefix) {
      let own = String(name.dropFirst(Self.prefix.count))
      if own.hasPrefix("modes/") {
        settings.modesByName[MirrorPath(String(own.dropFirst(6)))] = try modes(own)
      } else if own.hasPrefix("extras/") {
        settings.extras[MirrorPath(String(own.dropFirst(7)))] = try checked(own, words(own) ?? [])
      }
    }
    settings.decide = try elements.text(Self.prefix + "decide").flatMap { $0.isEmpty ? nil : $0 }
    return settings
  }

  /// What is kept; nil if nothing is said of it.
  func retention() throws -> RetentionPolicy? {
    var policy = RetentionPolicy()
    var isSaid = false
    func take(_ name: String, from least: Int, _ path: WritableKeyPath<RetentionPolicy, Int>) throws {
      guard let value = try number(name, from: least) else { return }
      policy[keyPath: path] = value
      isSaid = true
    }
    try take("keep", from: 1, \.keep)
    try take("keep-daily", from: 0, \.daily)
    try take("keep-weekly", from: 0, \.weekly)
    try take("keep-monthly", from: 0, \.monthly)
    try take("keep-yearly", from: 0, \.yearly)
    if let text = try elements.text(Self.prefix + "keep-within"), !text.isEmpty {
      guard let days = RetentionPolicy.days(text) else {
        throw invalid(Self.prefix + "keep-within", "`\(text)` is no time", "write 30d, 6w or 1y")
      }
      policy.withinDays = days
      isSaid = true
    }
    policy.staleDays = try number("stale-days", from: 0) ?? policy.staleDays
    return isSaid ? policy : nil
  }

  private func words(_ name: String) throws -> [String]? {
    try elements.text(Self.prefix + name).map { $0.split { $0 == " " || $0 == "\t" }.map(String.init) }
  }

  private func names(_ name: String) throws -> [FileName]? {
    guard let words = try words(name) else { return nil }
    if let bad = words.first(where: { $0.contains("/") || $0.hasPrefix(".") }) {
      throw invalid(Self.prefix + name, "`\(bad)` is no directory's name", "write names separated by spaces")
    }
    if let twice = words.first(where: { word in words.count { $0 == word } > 1 }) {
      throw invalid(Self.prefix + name, "`\(twice)` is there twice", "remove one of them")
    }
    return words.map { FileName($0) }
  }

  private func number(_ name: String, from least: Int) throws -> Int? {
    guard let text = try elements.text(Self.prefix + name), !text.isEmpty else { return nil }
    guard let number = Int(text), (least...1_000_000).contains(number) else {
      throw invalid(Self.prefix + name, "`\(text)` is no number from \(least) to 1000000", "write a number")
    }
    return number
  }

  private func modes(_ name: String) throws -> [String]? {
    guard let words = try words(name) else { return nil }
    guard !words.isEmpty else {
      throw invalid(Self.prefix + name, "is empty", "write at least one way to build")
    }
    return try checked(name, words)
  }

  private func checked(_ name: String, _ words: [String]) throws -> [String] {
    for word in words where !BuildDecision.isWord(word) {
      throw invalid(
        Self.prefix + name, "`\(word)` is no name of a target", "use letters, digits, -, _ and .")
    }
    return words
  }

  /// An error that names an element and where it is defined.
  func invalid(_ name: String, _ problem: String, _ remedy: String) -> MirrorError {
    let place = (try? elements.place(of: name)).flatMap { $0 }
    return MirrorError(.invalid, place.map { "\($0): \(name)" } ?? name, problem, remedy: remedy)
  }
}

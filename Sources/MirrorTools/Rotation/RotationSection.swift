import LinuxSystem
import FlexData

/// Reads `[section rotation]`, and knows all its settings.
struct RotationSection {
  private let section: SettingsSection

  init(_ elements: Elements) { section = Self.section(elements) }

  static func section(_ elements: Elements) -> SettingsSection {
    SettingsSection(
      "rotation", of: elements,
      known: [
        "builds", "arches", "subarches", "also-stored", "all-builds", "all-arches", "stale-days",
        "max-failcount", "keep", "keep-within", "keep-daily", "keep-weekly", "keep-monthly", "keep-yearly",
        "modes", "ignore-builds", "ignore", "decide",
      ], families: ["modes/", "extras/"])
  }

  func settings() throws -> RotationSettings {
    var settings = RotationSettings()
    settings.builds = try names("builds")
    settings.arches = try names("arches")
    settings.subarches = try names("subarches")
    settings.alsoStored = try names("also-stored") ?? []
    settings.allBuilds = try names("all-builds")
    settings.allArches = try names("all-arches")
    settings.ignoredBuilds = try names("ignore-builds") ?? []
    settings.ignored = try section.words("ignore")?.map { MirrorPath($0) } ?? []
    settings.staleDays = try section.number("stale-days", from: 0) ?? settings.staleDays
    settings.maxFailcount = try section.number("max-failcount", from: 0) ?? settings.maxFailcount
    settings.modes = try modes("modes") ?? settings.modes
    for own in section.own {
      if own.hasPrefix("modes/") {
        settings.modesByName[MirrorPath(String(own.dropFirst(6)))] = try modes(own)
      } else if own.hasPrefix("extras/") {
        settings.extras[MirrorPath(String(own.dropFirst(7)))] = try checked(own, section.words(own) ?? [])
      }
    }
    settings.decide = try section.text("decide")
    return settings
  }

  /// The retention policy; nil if none is configured.
  func retention() throws -> RetentionPolicy? {
    var policy = RetentionPolicy()
    var isSaid = false
    func take(_ name: String, from least: Int, _ path: WritableKeyPath<RetentionPolicy, Int>) throws {
      guard let value = try section.number(name, from: least) else { return }
      policy[keyPath: path] = value
      isSaid = true
    }
    try take("keep", from: 1, \.keep)
    try take("keep-daily", from: 0, \.daily)
    try take("keep-weekly", from: 0, \.weekly)
    try take("keep-monthly", from: 0, \.monthly)
    try take("keep-yearly", from: 0, \.yearly)
    if let text = try section.text("keep-within") {
      guard let days = RetentionPolicy.days(text) else {
        throw section.invalid("keep-within", "`\(text)` is not a time", "use 30d, 6w or 1y")
      }
      policy.withinDays = days
      isSaid = true
    }
    policy.staleDays = try section.number("stale-days", from: 0) ?? policy.staleDays
    return isSaid ? policy : nil
  }

  private func names(_ name: String) throws -> [FileName]? {
    guard let words = try section.words(name) else { return nil }
    if let bad = words.first(where: { $0.contains("/") || $0.hasPrefix(".") }) {
      throw section.invalid(name, "`\(bad)` is not a directory name", "use names separated by spaces")
    }
    if let twice = words.first(where: { word in words.count { $0 == word } > 1 }) {
      throw section.invalid(name, "`\(twice)` is listed twice", "remove one of them")
    }
    return words.map { FileName($0) }
  }

  private func modes(_ name: String) throws -> [String]? {
    guard let words = try section.words(name) else { return nil }
    guard !words.isEmpty else {
      throw section.invalid(name, "is empty", "list at least one way to build")
    }
    if let bad = words.first(where: { BuildDecision($0) == nil }) {
      throw section.invalid(name, "`\(bad)` is not a build mode", "use words such as full and full+openvz")
    }
    return words
  }

  private func checked(_ name: String, _ words: [String]) throws -> [String] {
    for word in words where !BuildDecision.isWord(word) {
      throw section.invalid(
        name, "`\(word)` is not a target name", "use letters, digits, -, _ and .")
    }
    return words
  }
}

import FlexData

/// `[section hooks]`: commands run when a verb ends.
public struct HookSettings: Sendable {
  /// Events that a hook can be set for.
  public enum Event: String, Encodable, Sendable {
    case success, failure
  }

  /// Shell scripts.
  var scripts: [Event: String] = [:]
  /// Timeout of each in seconds.
  var limit = 60

  static func section(_ elements: Elements) -> SettingsSection {
    SettingsSection("hooks", of: elements, known: ["on-success", "on-failure", "limit"])
  }

  /// No hooks.
  public init() {}

  /// Reads the settings.
  init(_ elements: Elements) throws {
    let section = Self.section(elements)
    scripts[.success] = try section.script("on-success")
    scripts[.failure] = try section.script("on-failure")
    limit = try section.seconds("limit") ?? limit
    guard limit > 0 else { throw section.invalid("limit", "must be more than 0", "use e.g. 60s") }
  }
}

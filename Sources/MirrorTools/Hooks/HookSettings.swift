import FlexData

/// `[section hooks]`: what is run when a verb has ended.
public struct HookSettings: Sendable {
  /// How a run can end for a hook.
  public enum Event: String, Encodable, Sendable {
    case success, failure
  }

  /// Shell scripts.
  var scripts: [Event: String] = [:]
  /// Seconds that each may take.
  var limit = 60

  static func section(_ elements: Elements) -> SettingsSection {
    SettingsSection("hooks", of: elements, known: ["on-success", "on-failure", "limit"])
  }

  /// None.
  public init() {}

  /// What elements say.
  init(_ elements: Elements) throws {
    let section = Self.section(elements)
    scripts[.success] = try section.script("on-success")
    scripts[.failure] = try section.script("on-failure")
    limit = try section.seconds("limit") ?? limit
    guard limit > 0 else { throw section.invalid("limit", "is no time for anything", "write 60s or more") }
  }
}

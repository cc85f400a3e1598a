public import LinuxSystem

/// Runs the hooks of a configuration; what becomes of them changes nothing of what they are told.
public struct HookRunner: Sendable {
  /// Set for what hooks run, so that their own runs of mirrorctl call no hooks.
  public static let variable = "MIRRORCTL_HOOK"

  private let settings: HookSettings
  private let cancellation: Cancellation

  /// Runs hooks until a stop is asked for.
  public init(_ settings: HookSettings, _ cancellation: Cancellation) {
    self.settings = settings
    self.cancellation = cancellation
  }

  /// Whether anything listens to an event.
  public func listens(to event: HookSettings.Event) -> Bool { settings.scripts[event] != nil }

  /// Runs the script of an event, and gives what it said.
  ///
  /// - Parameters:
  ///   - json: what its standard input is.
  ///   - verb: what has ended; `MIRRORCTL_VERB` in its environment.
  /// - Throws: when it cannot be run, fails, or takes too long; what it said is in `said` all the same.
  public func run(
    _ event: HookSettings.Event, of verb: String, json: [UInt8], said: inout [UInt8]
  ) throws(MirrorError) {
    guard let script = settings.scripts[event] else { return }
    let name = "hooks/on-\(event.rawValue)"
    let outcome = try HostProgram.run(
      // One stream, so that its words stay in their order.
      ["/bin/sh", "-c", "exec 1>&2\n" + script, name], input: json,
      environment: [Self.variable: event.rawValue, "MIRRORCTL_VERB": verb], leads: true,
      limit: settings.limit, cancellation: cancellation)
    said = outcome.errors
    if outcome.isLate {
      throw MirrorError(
        .invalid, name, "was ended after \(settings.limit) seconds",
        remedy: "make it faster, or set hooks/limit")
    }
    guard outcome.status == 0 else {
      throw MirrorError(
        .invalid, name, "failed with exit status \(outcome.status)",
        remedy: "see what it says; the run that it was told of is not touched by this")
    }
  }
}

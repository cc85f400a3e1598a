public import LinuxSystem

/// Runs the hooks in a configuration; their results do not change the result of the reported run.
public struct HookRunner: Sendable {
  /// Set in the environment of hooks, so that runs of mirrorctl in them call no hooks.
  public static let variable = "MIRRORCTL_HOOK"

  private let settings: HookSettings
  private let cancellation: Cancellation

  /// Runs hooks until cancelled.
  public init(_ settings: HookSettings, _ cancellation: Cancellation) {
    self.settings = settings
    self.cancellation = cancellation
  }

  /// Whether there is a script for an event.
  public func listens(to event: HookSettings.Event) -> Bool { settings.scripts[event] != nil }

  /// Runs the script of an event, and returns its output.
  ///
  /// - Parameters:
  ///   - json: its standard input.
  ///   - verb: the verb that ended; `MIRRORCTL_VERB` in its environment.
  /// - Throws: if it cannot be run, fails, or takes too long; its output is in `said` nevertheless.
  public func run(
    _ event: HookSettings.Event, of verb: String, json: [UInt8], said: inout [UInt8]
  ) throws(MirrorError) {
    guard let script = settings.scripts[event] else { return }
    let name = "hooks/on-\(event.rawValue)"
    let outcome = try HostProgram.run(
      // One stream, to keep the order of its output.
      ["/bin/sh", "-c", "exec 1>&2\n" + script, name], input: json,
      environment: [Self.variable: event.rawValue, "MIRRORCTL_VERB": verb], leads: true,
      limit: settings.limit, cancellation: cancellation)
    said = outcome.errors
    if outcome.isLate {
      throw MirrorError(
        .invalid, name, "was killed after \(settings.limit) seconds",
        remedy: "make it faster, or set hooks/limit")
    }
    guard outcome.status == 0 else {
      throw MirrorError(
        .invalid, name, "failed with exit status \(outcome.status)",
        remedy: "see its output; the result of the reported run is not affected")
    }
  }
}

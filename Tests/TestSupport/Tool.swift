import Foundation

/// A system program that checks results.
public enum Tool {
  /// Whether it is installed.
  public static func exists(_ name: String) -> Bool { (try? run("which", name))?.status == 0 }

  /// Runs it; what it prints on stdout and stderr, and its exit status.
  @discardableResult
  public static func run(_ name: String, _ arguments: String...) throws -> (status: Int32, output: String) {
    try run(name, arguments: arguments)
  }

  /// Runs it; what it prints on stdout and stderr, and its exit status.
  @discardableResult
  public static func run(_ name: String, arguments: [String]) throws -> (status: Int32, output: String) {
    let outcome = try RunningProgram(
      [name] + arguments, environment: ProcessInfo.processInfo.environment, mixing: true
    ).wait()
    return (outcome.status, outcome.text)
  }
}

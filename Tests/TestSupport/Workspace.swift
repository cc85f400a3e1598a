import Foundation
import Glibc
public import SystemPackage

/// A temporary directory with a mirror, a state directory and what lies outside of both; removed with this value.
public final class Workspace: Sendable {
  /// The directory.
  public let path: FilePath

  /// An empty one; `mirror/` is there, `state/` is not.
  public init() throws {
    var template = Array("/tmp/mirrorctl-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
    path = FilePath(platformString: template)
    // Plain users take part in some tests.
    guard chmod(path.string, 0o755) == 0, mkdir(mirror.string, 0o755) == 0 else {
      throw Errno(rawValue: errno)
    }
  }

  deinit { _ = try? Tool.run("rm", "-rf", path.string) }

  /// Where the mirror lies.
  public var mirror: FilePath { path.appending("mirror") }
  /// Where the catalog lies.
  public var state: FilePath { path.appending("state") }

  /// What the program sees of the user's environment.
  public var environment: [String: String] {
    [
      "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC", "HOME": path.string,
      "XDG_STATE_HOME": state.string,
    ]
  }

  /// Starts a command beside the test.
  public func start(_ command: [String]) throws -> RunningProgram {
    try RunningProgram(command, environment: environment)
  }

  /// Runs a command to its end; throws where the program's JSON is not what its schema says.
  @discardableResult
  public func run(_ command: [String], input: [UInt8] = []) throws -> Outcome {
    let outcome = try RunningProgram(Program.limited + command, environment: environment, input: input).wait()
    if let program = command.firstIndex(of: Program.path.string), !outcome.output.isEmpty,
      let problem = try OutputSchema.problem(of: outcome.output, by: Array(command[(program + 1)...]))
    {
      throw ShellFailure(script: command.joined(separator: " "), message: problem)
    }
    return outcome
  }

  /// Runs shell commands in the directory; throws what they print where one fails.
  @discardableResult
  public func shell(_ script: String) throws -> Outcome {
    let outcome = try run(["sh", "-c", "set -eu; cd '\(path)'; \(script)"])
    guard outcome.status == 0 else { throw ShellFailure(script: script, message: outcome.errorText) }
    return outcome
  }

  /// The command line that runs a verb on the mirror.
  public func command(_ arguments: [String]) -> [String] {
    [Program.path.string] + arguments + ["--mirror", mirror.string]
  }

  /// Runs a verb on the mirror.
  public func mirrorctl(_ arguments: String...) throws -> Outcome { try run(command(arguments)) }

  /// A command of a test's preparation that failed.
  public struct ShellFailure: Error {
    let script: String
    let message: String

    /// What was run, and what it said.
    public init(script: String, message: String) {
      self.script = script
      self.message = message
    }
  }
}

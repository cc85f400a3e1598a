import Foundation
import Glibc
public import SystemPackage

/// A temporary directory with a mirror, a state directory and other files; removed with this value.
public final class Workspace: Sendable {
  /// The directory.
  public let path: FilePath

  /// An empty workspace; `mirror/` exists, `state/` does not.
  public init() throws {
    var template = Array("/tmp/mirrorctl-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
    path = FilePath(platformString: template)
    // Some tests run programs as ordinary users.
    guard chmod(path.string, 0o755) == 0, mkdir(mirror.string, 0o755) == 0 else {
      throw Errno(rawValue: errno)
    }
  }

  deinit { _ = try? Tool.run("rm", "-rf", path.string) }

  /// The mirror's root.
  public var mirror: FilePath { path.appending("mirror") }
  /// The directory of the catalog.
  public var state: FilePath { path.appending("state") }

  /// The environment variables of programs.
  public var environment: [String: String] {
    [
      "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC", "HOME": path.string,
      "XDG_STATE_HOME": state.string,
      // Tarballs of tests are small enough; the default takes most of the time of many a test.
      "XZ_OPT": "-0",
    ]
  }

  /// Starts a command beside the test.
  public func start(_ command: [String]) throws -> RunningProgram {
    try RunningProgram(command, environment: environment)
  }

  /// Runs a command to its end; throws if the program's JSON does not match its schema.
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

  /// Runs shell commands in the directory; throws their errors if one fails.
  @discardableResult
  public func shell(_ script: String) throws -> Outcome {
    let outcome = try run(["sh", "-c", "set -eu; cd '\(path)'; \(script)"])
    guard outcome.status == 0 else { throw ShellFailure(script: script, message: outcome.errorText) }
    return outcome
  }

  /// Writes a shell script that can be run at once; returns its path.
  ///
  /// Another process writes it: programs that other tests start would inherit the open file from this one, and a file
  /// that is open for writing cannot be run.
  @discardableResult
  public func program(_ name: String, _ script: String) throws -> FilePath {
    let file = path.appending(name)
    let outcome = try run(
      ["sh", "-c", "cat > \"$1\" && chmod 755 \"$1\"", "sh", file.string],
      input: Array("#!/bin/sh\n\(script)\n".utf8))
    guard outcome.status == 0 else { throw ShellFailure(script: name, message: outcome.errorText) }
    return file
  }

  /// The command line that runs a verb on the mirror.
  public func command(_ arguments: [String]) -> [String] {
    [Program.path.string] + arguments + ["--mirror", mirror.string]
  }

  /// Runs a verb on the mirror.
  public func mirrorctl(_ arguments: String...) throws -> Outcome { try run(command(arguments)) }

  /// A failed command.
  public struct ShellFailure: Error {
    let script: String
    let message: String

    /// The command and its error output.
    public init(script: String, message: String) {
      self.script = script
      self.message = message
    }
  }
}

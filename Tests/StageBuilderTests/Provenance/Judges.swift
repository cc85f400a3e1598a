import Foundation
import SystemPackage
import TestSupport
import Testing

/// The libraries of the formats of documents, from PyPI, as judges of ours.
enum Judges {
  private static let directory = FilePath(#filePath).removingLastComponent()

  /// What they say about documents; empty if all are valid.
  static func problems(of documents: [String], in workspace: Workspace) throws -> String {
    let script = directory.appending("make-judges").string
    let environment = ProcessInfo.processInfo.environment.merging(["PATH": "/usr/bin:/bin"]) { $1 }
    let made = try RunningProgram([script], environment: environment).wait()
    guard made.status == 0 else { throw Workspace.ShellFailure(script: script, message: made.errorText) }
    let modules = made.text.trimmingCharacters(in: .whitespacesAndNewlines)
    let outcome = try workspace.run(
      [
        "env", "PYTHONPATH=\(modules)", "PYTHONDONTWRITEBYTECODE=1", "/usr/bin/python3",
        directory.appending("judge.py").string,
      ] + documents)
    return outcome.status == 0 && outcome.text.isEmpty
      ? "" : "\(outcome.text)\(outcome.errorText)status \(outcome.status)"
  }

  /// Compares with a golden file, or writes it with `UPDATE_GOLDEN=1`.
  static func expect(
    _ bytes: [UInt8], is name: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let path = URL(fileURLWithPath: directory.appending("Golden").appending(name).string)
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" { try Data(bytes).write(to: path) }
    let expected = try? Data(contentsOf: path)
    #expect(expected == Data(bytes), "\(name) differs", sourceLocation: sourceLocation)
  }
}

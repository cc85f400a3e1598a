import LinuxSystem
import Foundation
import Glibc
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import mirrorctl

/// A copy of the fixture, for running the program on it in this process, at a fixed time.
struct GoldenMirror {
  static let fixture = FaultMirror.fixture
  /// 2026-11-22 12:00 UTC, the same day in all time zones except the easternmost.
  static let now: Int64 = 1_795_348_800

  let workspace: Workspace

  /// Makes tarballs older than their sidecars, since git does not store times.
  init() throws {
    workspace = try Workspace()
    try workspace.shell(
      """
      cp -a '\(Self.fixture)/.' mirror/
      find mirror -exec touch -h -d '2026-11-21 10:00 UTC' {} +
      find mirror -name '*.hash.txt' -exec touch -h -d '2026-11-21 11:00 UTC' {} +
      """)
  }

  var root: FilePath { workspace.mirror }

  /// Runs a verb on this mirror.
  @discardableResult
  func run(_ arguments: String...) -> GoldenRun {
    run(arguments, environment: ["MIRRORCTL_MIRROR": "\(root)"])
  }

  /// Runs a command line in this environment, on a terminal if there is one.
  func run(_ arguments: [String], environment: [String: String], screen: Screen? = nil) -> GoldenRun {
    let output = Collector()
    let errors = Collector()
    var context = CommandContext(
      output: output.sink, errors: errors.sink, showsProgress: false,
      environment: environment.merging(["XDG_STATE_HOME": workspace.state.string]) { $1 },
      now: { Self.now }, isRoot: false, probe: ProcessProbe { _, _ in false }, cancellation: Cancellation())
    context.screen = screen
    let status = Mirrorctl.execute(arguments, context)
    do {
      let problem = try OutputSchema.problem(of: output.bytes, by: arguments)
      if let problem, !output.bytes.isEmpty { Issue.record("\(problem)") }
    } catch { Issue.record(error) }
    return GoldenRun(
      command: (["mirrorctl"] + arguments).joined(separator: " "), status: status, output: output.bytes,
      errors: errors.bytes, workspace: workspace)
  }

  /// The content of a file of the mirror.
  func content(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: "\(root)/\(path)")))
  }
}

/// The result of one command line.
struct GoldenRun {
  let command: String
  let status: Int32
  let output: [UInt8]
  let errors: [UInt8]
  let workspace: Workspace

  /// The output with placeholders for paths and numbers that vary between runs or file systems.
  var text: String {
    """
    $ \(shown(Array(command.utf8)))
    exit status \(status)
    --- stdout
    \(shown(sorted(output)))--- stderr
    \(shown(errors))
    """
  }

  /// Sorts lines that several threads print in any order; leaves other output as it is.
  private func sorted(_ output: [UInt8]) -> [UInt8] {
    let isGathered = ["mirrorctl digestgen", "mirrorctl verify"].contains { command.hasPrefix($0) }
    guard isGathered, output.first != UInt8(ascii: "{") else { return output }
    let lines = output.split(separator: UInt8(ascii: "\n")).sorted { $0.lexicographicallyPrecedes($1) }
    return lines.flatMap { $0 + [UInt8(ascii: "\n")] }
  }

  private func shown(_ bytes: [UInt8]) -> String {
    String(decoding: bytes, as: UTF8.self)
      .replacing(workspace.mirror.string, with: "/srv/mirror")
      .replacing(workspace.path.string, with: "/tmp/workspace")
  }
}

/// Collects bytes written from any thread.
private final class Collector: Sendable {
  private let state = Mutex<[UInt8]>([])

  var bytes: [UInt8] { state.withLock { $0 } }
  var sink: Sink { Sink { bytes in self.state.withLock { $0 += bytes } } }
}

/// Expected outputs, reviewed by a person.
enum Golden {
  private static let directory = FilePath(#filePath).removingLastComponent().appending("Golden")

  /// Compares with the file of this name, or writes it with `UPDATE_GOLDEN=1`.
  static func expect(
    _ text: String, is name: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let path = directory.appending("\(name).txt").string
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      return
    }
    let expected = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    guard text != expected else { return }
    Issue.record(
      "\(name) differs:\n\(differences(from: expected ?? "", to: text))", sourceLocation: sourceLocation)
  }

  private static func differences(from expected: String, to text: String) -> String {
    let old = expected.split(separator: "\n", omittingEmptySubsequences: false)
    let new = text.split(separator: "\n", omittingEmptySubsequences: false)
    return new.difference(from: old).map { change in
      switch change {
      case .insert(_, let line, _): "+ \(line)"
      case .remove(_, let line, _): "- \(line)"
      }
    }.joined(separator: "\n")
  }
}

import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("A user who cannot read the catalog", .enabled(if: geteuid() == 0, "needs root"))
struct UnreadableCatalogTests {
  private let workspace: Workspace
  private static let user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

  init() throws {
    workspace = try Workspace()
    try FaultMirror.make("mirror", in: workspace)
    _ = try workspace.mirrorctl("upkeep", "-q")
    try workspace.shell("mkdir home; chown 65534:65534 home")
  }

  /// Runs a verb as this user, with the mirror's unreadable state directory or an empty one of his own.
  private func run(_ arguments: [String], ownState: Bool) throws -> Outcome {
    let state = ownState ? "\(workspace.path)/home/state" : workspace.state.string
    return try workspace.run(
      Self.user + ["env", "HOME=\(workspace.path)/home", "XDG_STATE_HOME=\(state)"]
        + workspace.command(arguments)
    )
  }

  @Test("gets metrics without those of the catalog, and a message", arguments: [true, false])
  func prometheus(ownState: Bool) throws {
    let known = try workspace.mirrorctl("status", "--format", "prometheus")
    #expect(known.status == 0)
    #expect(known.text.contains("mirrorctl_corrupt_tarballs{"))
    #expect(known.text.contains("mirrorctl_run_exit_status{"))
    let outcome = try run(["status", "--format", "prometheus"], ownState: ownState)
    #expect(outcome.status == 3, "\(outcome.errorText)")
    #expect(!outcome.text.contains("mirrorctl_corrupt_tarballs"))
    #expect(!outcome.text.contains("mirrorctl_run_"))
    #expect(outcome.text.contains("mirrorctl_subarch_failcount{"))
    #expect(outcome.errorText.contains("catalog"), "\(outcome.errorText)")
    #expect(!FileManager.default.fileExists(atPath: "\(workspace.path)/home/state"))
  }

  @Test("gets no history, but a message", arguments: [true, false])
  func history(ownState: Bool) throws {
    let outcome = try run(["status", "--history"], ownState: ownState)
    #expect(outcome.status == 3, "\(outcome.errorText)")
    #expect(outcome.errorText.contains("catalog"), "\(outcome.errorText)")
  }

  @Test("gets a message that a subset would be the same every time")
  func subset() throws {
    let outcome = try run(["verify", "-q", "--subset", "5%"], ownState: false)
    #expect(outcome.status == 3, "\(outcome.errorText)")
    #expect(outcome.errorText.contains("--subset"), "\(outcome.errorText)")
    // His own catalog works normally.
    #expect(try run(["verify", "-q", "--subset", "5%"], ownState: true).status == 0)
  }
}

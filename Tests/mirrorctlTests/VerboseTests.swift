import SystemPackage
import TestSupport
import Testing

/// The log of `--verbose` on standard error.
@Suite("--verbose")
struct VerboseTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try FaultMirror.make("mirror", in: workspace)
  }

  private func log(_ arguments: String...) throws -> [Substring] {
    let outcome = try workspace.run(workspace.command(arguments))
    #expect(outcome.status == 0, "\(outcome.errorText)")
    return outcome.errorText.split(separator: "\n")
  }

  @Test("logs scans, plans and each file written or removed; without it nothing is logged")
  func steps() throws {
    try workspace.shell("cp -a mirror start")
    #expect(try log("digestgen", "--quiet") == [])
    try workspace.shell("rm -r mirror state; mv start mirror")
    let lines = try log("digestgen", "--quiet", "--verbose")
    #expect(lines.contains { $0.hasPrefix("mirrorctl: scanned \(workspace.mirror): ") })
    #expect(lines.contains { $0.hasPrefix("mirrorctl: plan of digestgen: ") })
    #expect(lines.contains { $0.hasSuffix(".tar.xz.hash.txt") && $0.hasPrefix("mirrorctl: wrote ") })
    #expect(!lines.contains { $0.contains("to hash: new") })
    #expect(
      try log("clean", "--keep", "1", "--apply", "-qv").contains { $0.hasPrefix("mirrorctl: removed ") })
  }

  @Test("given twice, logs for each file why it is or is not hashed")
  func decisions() throws {
    #expect(try log("digestgen", "-q", "-vv").contains { $0.hasSuffix(".tar.xz: to hash: new") })
    #expect(
      try log("digestgen", "-q", "-v", "-v").contains {
        $0.hasSuffix(": digests in the catalog and in the sidecar")
      })
  }

  @Test("does not change JSON on standard output")
  func json() throws {
    let quiet = try workspace.mirrorctl("status", "--json")
    let verbose = try workspace.mirrorctl("status", "--json", "-vv")
    #expect(verbose.output == quiet.output)
    #expect(verbose.errorText.contains("scanned"))
  }

  @Test("shows that upkeep scans the mirror once, and afterwards only changed parts")
  func upkeep() throws {
    func scans(_ lines: [Substring]) -> (whole: Int, parts: Int) {
      (
        lines.count { $0.hasPrefix("mirrorctl: scanned \(workspace.mirror): ") },
        lines.count { $0.hasPrefix("mirrorctl: scanned ") && $0.contains(" again in ") }
      )
    }
    let first = scans(try log("upkeep", "--keep", "1", "-v"))
    #expect(first.whole == 1)
    #expect(first.parts > 0)
    #expect(scans(try log("upkeep", "--keep", "1", "-v")) == (1, 0))
  }
}

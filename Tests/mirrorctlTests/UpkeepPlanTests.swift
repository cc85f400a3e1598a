import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("upkeep --dry-run")
struct UpkeepPlanTests {
  private let mirror: DatedMirror
  private var workspace: Workspace { mirror.workspace }

  init() throws {
    mirror = try DatedMirror()
    for ago in [30, 20, 2] { try mirror.version(ago) }
    let day = try mirror.day(2)
    try workspace.shell(
      """
      echo plain > mirror/\(DatedMirror.subarch)/\(day)/lxd-gen-std-\(day).tar
      touch mirror/\(DatedMirror.subarch)/\(day)/lxd-gen-std-\(day).tar.cme
      mkdir -p www mirror/.incoming/two; echo '{}' > mirror/.incoming/two/.complete
      printf '[section publish/www]\\nto: %s\\n' "$PWD/www" > .metro
      """)
  }

  @Test("prints the plan of every step and writes nothing")
  func text() throws {
    let before = try Tree(workspace.path)
    let outcome = try workspace.mirrorctl("upkeep", "--dry-run", "--keep", "2")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    let oldest = try mirror.day(30)
    for line in [
      "would receive the upload of two",
      "would remove \(workspace.mirror)/\(DatedMirror.subarch)/\(oldest): ",
      "would compress ", "would digest ", "would write \(workspace.mirror)/index.xml", "www: would send ",
    ] {
      #expect(outcome.text.contains(line), "\(line)\nis not in\n\(outcome.text)")
    }
    let differences = try Tree(workspace.path).differences(from: before).filter { !$0.hasPrefix("state") }
    #expect(differences == [])
  }

  @Test("gives the same plans as one JSON document")
  func json() throws {
    let outcome = try workspace.mirrorctl("upkeep", "--dry-run", "--json", "--keep", "2")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    let plan = try JSONSerialization.jsonObject(with: Data(outcome.output)) as? [String: Any]
    for step in ["receive", "clean", "compress", "digestgen", "index", "publish"] {
      #expect(plan?[step] != nil, "\(step)")
    }
  }
}

@Suite("Errors with --json")
struct JSONErrorTests {
  @Test(
    "are an object on standard output, with the same exit status",
    arguments: [
      (["upkeep"], 5, "is not a mirror"), (["verify", "no/such/path"], 5, "is not a mirror"),
      (["status", "--config", "/no/such/file"], 1, "No such file"),
      (["digestgen", "--jobs", "0"], 64, "--jobs"),
      (["no-such-verb"], 64, "is not a verb"),
    ])
  func error(_ arguments: [String], _ status: Int, _ words: String) throws {
    let workspace = try Workspace()
    let outcome = try workspace.run(workspace.command(arguments + ["--json"]))
    #expect(outcome.status == Int32(status), "\(outcome.errorText)")
    #expect(outcome.errorText.contains(words), "\(outcome.errorText)")
    let object = try JSONSerialization.jsonObject(with: Data(outcome.output)) as? [String: Any]
    #expect(object?["version"] as? Int == 2)
    let error = try #require(object?["error"] as? [String: Any])
    #expect((error["problem"] as? String)?.contains(words) == true || outcome.errorText.contains(words))
    #expect(error["path"] is String)
  }
}

import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("upkeep --dry-run")
struct UpkeepPlanTests {
  private let mirror: DatedMirror
  private var sandbox: Sandbox { mirror.sandbox }

  init() throws {
    mirror = try DatedMirror()
    for ago in [30, 20, 2] { try mirror.version(ago) }
    let day = try mirror.day(2)
    try sandbox.shell(
      """
      echo plain > mirror/\(DatedMirror.subarch)/\(day)/lxd-gen-std-\(day).tar
      touch mirror/\(DatedMirror.subarch)/\(day)/lxd-gen-std-\(day).tar.cme
      mkdir -p www mirror/.incoming/two; echo '{}' > mirror/.incoming/two/.complete
      printf '[section publish/www]\\nto: %s\\n' "$PWD/www" > .metro
      """)
  }

  @Test("prints the plan of every step and writes nothing")
  func text() throws {
    let before = try Tree(sandbox.path)
    let outcome = try sandbox.mirrorctl("upkeep", "--dry-run", "--keep", "2")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    let oldest = try mirror.day(30)
    for line in [
      "would receive the upload of two", "would remove \(sandbox.mirror)/\(DatedMirror.subarch)/\(oldest): ",
      "would compress ", "would digest ", "would write \(sandbox.mirror)/index.xml", "www: would send ",
    ] {
      #expect(outcome.text.contains(line), "\(line)\nis not in\n\(outcome.text)")
    }
    let differences = try Tree(sandbox.path).differences(from: before).filter { !$0.hasPrefix("state") }
    #expect(differences == [])
  }

  @Test("gives the same plans as one JSON document")
  func json() throws {
    let outcome = try sandbox.mirrorctl("upkeep", "--dry-run", "--json", "--keep", "2")
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
    "are an object on standard output, with the exit status as it was",
    arguments: [
      (["upkeep"], 5, "is not a mirror"), (["verify", "no/such/path"], 5, "is not a mirror"),
      (["status", "--config", "/no/such/file"], 1, "No such file"),
      (["digestgen", "--jobs", "0"], 64, "--jobs"),
      (["no-such-verb"], 64, "Usage"),
    ])
  func error(_ arguments: [String], _ status: Int, _ words: String) throws {
    let sandbox = try Sandbox()
    let outcome = try sandbox.run(sandbox.command(arguments + ["--json"]))
    #expect(outcome.status == Int32(status), "\(outcome.errorText)")
    #expect(outcome.errorText.contains(words), "\(outcome.errorText)")
    let object = try JSONSerialization.jsonObject(with: Data(outcome.output)) as? [String: Any]
    #expect(object?["version"] as? Int == 2)
    let error = try #require(object?["error"] as? [String: Any])
    #expect((error["problem"] as? String)?.contains(words) == true || outcome.errorText.contains(words))
    #expect(error["path"] is String)
  }
}

import Foundation
import SystemPackage
import TestSupport
import Testing

/// A mirror, a catalog, a configuration and a destination as mirrorctl 0.1 left them: `Fixtures/upgrade/0.1`.
private struct OldMirror {
  let workspace: Workspace

  private static let fixture = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .removingLastComponent().appending("Fixtures/upgrade/0.1")

  init() throws {
    workspace = try Workspace()
    // The name of the catalog depends on the path of the mirror.
    try workspace.shell(
      """
      mkdir there; rmdir mirror; cp -a \(Self.fixture)/mirror mirror
      sed 's|MIRROR|\(workspace.mirror)|; s|THERE|\(workspace.path)/there|' \(Self.fixture)/mirrorctl.conf > .metro
      """)
    try #require(try workspace.mirrorctl("digestgen", "--quiet").status == 0)
    try sql("", replacingWith: Self.fixture.appending("catalog.sql").string)
  }

  /// Runs SQL on the catalog, or replaces it by that of a script; returns the rows.
  @discardableResult
  func sql(_ text: String, replacingWith script: String = "") throws -> String {
    try workspace.run([
      "python3", "-c",
      """
      import glob, os, sqlite3, sys
      path = glob.glob(sys.argv[1] + "/mirrorctl/*.sqlite")[0]
      if sys.argv[3]:
          for old in glob.glob(path + "*"): os.remove(old)
      database = sqlite3.connect(path)
      if sys.argv[3]: database.executescript(open(sys.argv[3]).read())
      for row in database.execute(sys.argv[2] or "SELECT 1"): print(*row)
      database.commit()
      """, workspace.state.string, text, script,
    ]).text
  }
}

@Suite("An upgrade from 0.1") struct UpgradeTests {
  @Test("needs no step by hand: mirror, catalog and configuration are taken over")
  func upgrade() throws {
    let old = try OldMirror()
    let status = try old.workspace.mirrorctl("status", "--history")
    #expect(status.status == 0 || status.status == 3, "\(status.errorText)")
    #expect(status.text.contains("2026-10-01"), "the history is kept: \(status.text)\(status.errorText)")
    // What the old version knew still protects: a subarch that it found is reported as missing.
    let upkeep = try old.workspace.mirrorctl("upkeep")
    #expect(upkeep.errorText.contains("std/x86-64bit/gone: is missing"), "\(upkeep.errorText)")
    #expect(try old.workspace.mirrorctl("forget", "std/x86-64bit/gone").status == 0)
    let again = try old.workspace.mirrorctl("upkeep")
    #expect(again.status == 0, "\(again.text)\(again.errorText)")
    #expect(try old.workspace.mirrorctl("verify", "--quiet").status == 0)
    #expect(try old.workspace.mirrorctl("publish").text == "", "everything was published")
    #expect(try old.sql("PRAGMA user_version") != "0\n")
    #expect(try old.sql("SELECT count(*) FROM build WHERE outcome = 'fail'") == "1\n")
    #expect(try old.sql("PRAGMA integrity_check") == "ok\n")
  }

  @Test("back to an older version leaves a newer catalog alone, and names the version that is needed")
  func newer() throws {
    let old = try OldMirror()
    try old.sql("INSERT INTO grdb_migrations VALUES ('of the future')")
    let unnamed = try old.workspace.mirrorctl("digestgen")
    #expect(
      unnamed.errorText.contains("the catalog was written by a newer mirrorctl"), "\(unnamed.errorText)")
    try old.sql("PRAGMA user_version = 3004005")
    let run = try old.workspace.mirrorctl("digestgen")
    #expect(run.status == 0)
    #expect(
      run.errorText.contains("the catalog was written by mirrorctl 3.4.5: install that version here again"),
      "\(run.errorText)")
    #expect(try old.sql("SELECT count(*) FROM build") == "2\n", "it is not changed")
    #expect(try old.workspace.shell("ls state/mirrorctl").text.contains(".broken") == false)
  }

  @Test("of a build server first: the master says which of both must be upgraded", arguments: [0, 7])
  func upload(version: Int) throws {
    let old = try OldMirror()
    try old.workspace.shell(
      """
      mkdir -p mirror/.incoming/build1
      echo '{"version": \(version), "software": "mirrorctl 9.9.9", "files": {"new": "form"}}' > mirror/.incoming/build1/.complete
      """)
    let run = try old.workspace.mirrorctl("receive")
    #expect(run.status != 0)
    #expect(
      run.errorText.contains("has version \(version) of its format, by mirrorctl 9.9.9"), "\(run.errorText)")
    #expect(
      run.errorText.contains(
        version > 1 ? "upgrade mirrorctl on this master" : "upgrade mirrorctl on the server that uploads"),
      "\(run.errorText)")
  }
}

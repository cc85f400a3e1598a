import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// Entries as `journal --json` prints them.
struct JournalOutput: Decodable {
  struct Entry: Decodable {
    let id, at: Int64
    let user, host, program, verb, action, path: String
    let sudoUser, reason, detail: String?
    /// `clean removed std/x86-64bit/gen/2026-11-01`.
    var summary: String { "\(verb) \(action) \(path)" }
  }
  let entries: [Entry]

  init(of workspace: Workspace, _ arguments: String...) throws {
    let outcome = try workspace.run(workspace.command(["journal", "--json"] + arguments))
    try #require(outcome.status == 0, "\(outcome.errorText)")
    self = try JSONDecoder().decode(Self.self, from: Data(outcome.output))
  }
}

@Suite("The journal")
struct JournalTests {
  private let mirror: DatedMirror
  private var workspace: Workspace { mirror.workspace }
  private var catalog: String { "state/mirrorctl/mirror-*.sqlite" }

  init() throws { mirror = try DatedMirror() }

  /// Runs SQL in the catalog; returns what the library says.
  private func sql(_ text: String) throws -> String {
    try workspace.shell(
      """
      python3 -c 'import sqlite3, sys
      base = sqlite3.connect(sys.argv[1])
      try:
        base.execute(sys.argv[2]); base.commit(); print("done")
      except sqlite3.Error as error: print(error)' $(echo \(catalog)) "\(text)"
      """
    ).text.trimmingCharacters(in: .newlines)
  }

  @Test("says who added, removed and published what, why, and with which verb and version")
  func verbs() throws {
    let days = try (1...4).map { try mirror.version($0) }
    try workspace.shell(
      """
      printf '[section publish/web]\\nto: %s\\n' "$PWD/there" > .metro; mkdir there
      mkdir -p root/etc root/bin root/usr; tar -C root -cJf stage3-gen-std-2026-01-01.tar.xz .; mkdir mirror/\(DatedMirror.subarch)/.control
      """)
    let add = try workspace.mirrorctl(
      "add", "std", "x86-64bit", "gen", "2020-01-01",
      "\(workspace.path)/stage3-gen-std-2026-01-01.tar.xz")
    #expect(add.status == 0, "\(add.errorText)")
    #expect(try workspace.mirrorctl("clean", "--apply", "--keep", "2").status == 0)
    #expect(try workspace.mirrorctl("upkeep").status == 0)
    try workspace.shell("echo 9 > mirror/\(DatedMirror.subarch)/.control/.failcount")
    #expect(try workspace.mirrorctl("zap").status == 0)
    let entries = try JournalOutput(of: workspace).entries
    let subarch = DatedMirror.subarch
    #expect(
      entries.map(\.summary) == [
        "add added \(subarch)/2020-01-01",
        "clean removed \(subarch)/2020-01-01",
        "clean removed \(subarch)/\(days[3])", "clean removed \(subarch)/\(days[2])",
        "upkeep published \(subarch)/\(days[1])", "upkeep published \(subarch)/\(days[0])",
        "zap cleared \(subarch)",
      ])
    #expect(entries.map(\.id) == Array(1...Int64(entries.count)))
    #expect(entries[1].reason == "not kept by any rule" && entries[4].detail == "to web")
    let version = try workspace.run([Program.path.string, "--version"]).text
    for entry in entries {
      #expect(version.contains(entry.program))
      #expect(try workspace.shell("hostname").text.contains(entry.host))
    }
    // A run that changes nothing adds nothing.
    #expect(try workspace.mirrorctl("upkeep").status == 0)
    #expect(try JournalOutput(of: workspace).entries.count == entries.count)
    // A part of it: by time, by number, by path.
    #expect(try JournalOutput(of: workspace, "--last", "1").entries.map(\.action) == ["cleared"])
    #expect(try JournalOutput(of: workspace, "--since", "1d").entries.count == entries.count)
    #expect(try JournalOutput(of: workspace, "--since", "2999-01-01").entries.isEmpty)
    #expect(
      try JournalOutput(of: workspace, "\(subarch)/\(days[1])").entries.map(\.verb) == ["upkeep", "zap"])
    let text = try workspace.mirrorctl("journal", "--last", "1").text
    #expect(text.contains("zap: cleared \(workspace.mirror)/\(subarch)\n"), "\(text)")
  }

  @Test("names the user of the process and the one who ran sudo, whatever the environment says")
  func user() throws {
    try mirror.version(1)
    try mirror.version(2)
    let clean = workspace.command(["clean", "--apply", "--keep", "1"])
    let outcome = try workspace.run(
      ["env", "USER=nobody", "LOGNAME=nobody", "SUDO_USER=alice"] + clean)
    #expect(outcome.status == 0, "\(outcome.errorText)")
    let entry = try #require(try JournalOutput(of: workspace).entries.first)
    let own = try workspace.shell("id -un").text.trimmingCharacters(in: .newlines)
    #expect(entry.user == own && entry.sudoUser == "alice")
    let text = try workspace.mirrorctl("journal").text
    #expect(text.contains(" \(own) (sudo: alice) on "), "\(text)")
  }

  @Test("can be neither changed nor shortened")
  func appendOnly() throws {
    try mirror.version(1)
    try mirror.version(2)
    #expect(try workspace.mirrorctl("clean", "--apply", "--keep", "1").status == 0)
    for text in [
      "DELETE FROM journal", "UPDATE journal SET user = 'nobody'",
      "INSERT OR REPLACE INTO journal SELECT id, at, 'nobody', sudo_user, host, program, verb, action, path, reason, detail FROM journal",
    ] {
      #expect(try sql(text) == "the journal only grows", "\(text)")
    }
    #expect(try JournalOutput(of: workspace).entries.count == 1)
  }

  @Test("survives a broken catalog")
  func broken() throws {
    try mirror.version(1)
    try mirror.version(2)
    #expect(try workspace.mirrorctl("clean", "--apply", "--keep", "1").status == 0)
    let before = try JournalOutput(of: workspace).entries.map(\.summary)
    // A catalog that lacks a column is considered broken.
    #expect(try sql("ALTER TABLE file RENAME COLUMN sha256 TO other") == "done")
    let outcome = try workspace.mirrorctl("upkeep")
    #expect(outcome.errorText.contains("the catalog is broken"), "\(outcome.errorText)")
    #expect(!outcome.errorText.contains("journal"), "\(outcome.errorText)")
    #expect(try JournalOutput(of: workspace).entries.map(\.summary) == before)
    // The old file is kept where nothing can be read.
    try workspace.shell("for file in \(catalog); do rm -f $file-wal; echo nonsense > $file; done")
    let lost = try workspace.mirrorctl("upkeep")
    #expect(lost.errorText.contains(".broken: its journal could not be read completely"), "\(lost.errorText)")
  }
}

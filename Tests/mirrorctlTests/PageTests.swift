import Foundation
import SystemPackage
import TestSupport
import Testing

/// The pages that the verbs write for the fixture.
@Suite("index --format html") struct PageTests {
  private let mirror: GoldenMirror

  init() throws { mirror = try GoldenMirror() }

  /// A page without its style and script, which do not depend on the mirror.
  private func page(_ path: String) throws -> String {
    String(decoding: try mirror.content(path), as: UTF8.self)
      .replacing(/<(style|script)>(.|\n)*?<\/(style|script)>/) { "<\($0.1)>[...]</\($0.1)>" }
      .replacing(/sha256-[A-Za-z0-9+\/=]+/, with: "sha256-[...]")
  }

  @Test("writes pages that match the golden files, and prints their number")
  func golden() throws {
    mirror.run("digestgen")
    let run = mirror.run("index", "--format", "xml,html")
    #expect(run.status == 0)
    try Golden.expect(run.text, is: "index-html")
    try Golden.expect(try page("index.html"), is: "index.html")
    try Golden.expect(try page("1.4-release-std/x86-64bit/generic_64/index.html"), is: "subarch.html")
    let tree = try Tree(mirror.root)
    let again = mirror.run("index", "--format", "xml,html")
    #expect(again.status == 0 && again.output == [] && again.errors == [])
    #expect(try Tree(mirror.root).differences(from: tree) == [])
  }

  @Test("existing pages are updated by every index, clean and upkeep")
  func present() throws {
    mirror.run("index", "--format", "html")
    let path = "1.4-release-std/x86-64bit/generic_64/index.html"
    #expect(try page(path).contains("href=\"2026-11-03/"))
    let clean = mirror.run("clean", "--keep", "1", "--apply")
    #expect(clean.status == 0, "\(clean.text)")
    #expect(!clean.text.contains("index.html"))
    // It is not offered any more, but still remembered.
    #expect(try !page(path).contains("href=\"2026-11-03/"))
    #expect(try page(path).contains("<title>2026-11-03: ok"))
    try mirror.workspace.shell("echo 2 > mirror/1.4-release-std/x86-64bit/generic_64/.control/.failcount")
    #expect(mirror.run("index", "--format", "xml").status == 0)
    #expect(try page(path).contains("failing ×2") && page("index.html").contains("failing ×2"))
  }

  @Test("a page of another program is reported and not changed; all others are written")
  func foreign() throws {
    try mirror.workspace.shell("echo hello > mirror/index.html")
    let run = mirror.run("index", "--format", "xml,html")
    #expect(run.status == 3)
    try Golden.expect(run.text, is: "index-html-foreign")
    #expect(try mirror.content("index.html") == Array("hello\n".utf8))
    #expect(try page("funtoo-current/x86-64bit/core2_64/index.html").contains("<h1>core2_64</h1>"))
    #expect(try !mirror.content("index.xml").isEmpty)
    // It is not our page, so it is reported only if pages are requested.
    #expect(mirror.run("index").status == 0)
  }

  @Test("is not a single file, so --output is refused")
  func output() throws { #expect(mirror.run("index", "--format", "html", "--output", "-").status == 64) }
}

import Foundation
import SystemPackage
import TestSupport
import Testing

/// The pages of the fixture, as the verbs write them.
@Suite("index --format html") struct PageTests {
  private let mirror: GoldenMirror

  init() throws { mirror = try GoldenMirror() }

  /// A page without its style and script, which say nothing of the mirror.
  private func page(_ path: String) throws -> String {
    String(decoding: try mirror.content(path), as: UTF8.self)
      .replacing(/<(style|script)>(.|\n)*?<\/(style|script)>/) { "<\($0.1)>[...]</\($0.1)>" }
      .replacing(/sha256-[A-Za-z0-9+\/=]+/, with: "sha256-[...]")
  }

  @Test("writes pages that were read and found right, and prints how many")
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

  @Test("pages that are there are kept true by every index, clean and upkeep")
  func present() throws {
    mirror.run("index", "--format", "html")
    let path = "1.4-release-std/x86-64bit/generic_64/index.html"
    #expect(try page(path).contains("href=\"2026-11-03/"))
    let clean = mirror.run("clean", "--keep", "1", "--apply")
    #expect(clean.status == 0, "\(clean.text)")
    #expect(!clean.text.contains("index.html"))
    // It is offered no more, and remembered all the same.
    #expect(try !page(path).contains("href=\"2026-11-03/"))
    #expect(try page(path).contains("<title>2026-11-03: ok"))
    try mirror.workspace.shell("echo 2 > mirror/1.4-release-std/x86-64bit/generic_64/.control/.failcount")
    #expect(mirror.run("index", "--format", "xml").status == 0)
    #expect(try page(path).contains("failing ×2") && page("index.html").contains("failing ×2"))
  }

  @Test("a page of somebody else's is named and left alone; all else is written")
  func foreign() throws {
    try mirror.workspace.shell("echo hello > mirror/index.html")
    let run = mirror.run("index", "--format", "xml,html")
    #expect(run.status == 3)
    try Golden.expect(run.text, is: "index-html-foreign")
    #expect(try mirror.content("index.html") == Array("hello\n".utf8))
    #expect(try page("funtoo-current/x86-64bit/core2_64/index.html").contains("<h1>core2_64</h1>"))
    #expect(try !mirror.content("index.xml").isEmpty)
    // It is no page of ours, so nobody who does not ask for pages hears of it.
    #expect(mirror.run("index").status == 0)
  }

  @Test("has no single file that could go elsewhere")
  func output() throws { #expect(mirror.run("index", "--format", "html", "--output", "-").status == 64) }
}

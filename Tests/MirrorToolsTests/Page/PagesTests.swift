@testable import LinuxSystem
import Foundation
import Glibc
import SystemPackage
import Testing
import TestSupport

@testable import MirrorTools

@Suite("Pages: what is written") struct PagesTests {
  @Test("a page for each subarch, and the root page last, since it refers to them")
  func files() throws {
    let files = try PageMirror.rich().write().map(\.path)
    #expect(
      files == [
        "next/riscv-64bit/rv64gc/index.html", "next/x86-64bit/generic_64/index.html",
        "std/arm-64bit/generic_arm64/index.html", "std/x86-64bit/core2_64/index.html",
        "std/x86-64bit/generic_64/index.html", "std/x86-64bit/intel64-haswell/index.html", "index.html",
      ])
    #expect(IndexFormat.allCases.last == .html)
  }

  @Test("the same mirror gives the same bytes, also later while no stage became stale")
  func same() throws {
    var pages = try PageMirror.rich()
    let files = try IndexFormat.html.content(pages.source()).files
    #expect(try IndexFormat.html.content(pages.source()).files == files)
    pages.now += 3600
    #expect(try IndexFormat.html.content(pages.source()).files == files)
    pages.configuration.rotation.staleDays = 1000
    let calm = try IndexFormat.html.content(pages.source()).files
    pages.today = day("2026-12-24")
    #expect(try IndexFormat.html.content(pages.source()).files == calm)
  }

  @Test("a day later only the pages of stages that became stale change")
  func stale() throws {
    var pages = try PageMirror.rich()
    let before = try IndexFormat.html.content(pages.source()).files
    pages.today = day("2026-11-23")
    let after = try IndexFormat.html.content(pages.source()).files
    #expect(
      Set(after).subtracting(before).map(\.path).sorted()
        == ["index.html", "std/x86-64bit/intel64-haswell/index.html"])
  }

  @Test("a fingerprint is shown only for the signing key, whatever other keys exist")
  func keys() throws {
    var pages = try PageMirror.rich()
    pages.configuration.index.urls = ["https://example.org/m"]
    try pages.mirror.file("old-key.asc")
    let page = try #require(try pages.page("std/x86-64bit/generic_64/index.html"))
    #expect(page.contains("m/signing-key.asc | gpg --import") && !page.contains("old-key.asc"))
    try FileManager.default.removeItem(atPath: pages.mirror.path("signing-key.asc"))
    let old = try #require(try pages.page("std/x86-64bit/generic_64/index.html"))
    #expect(old.contains("m/old-key.asc | gpg --import") && !old.contains("fingerprint"))
  }

  @Test("a subarch's page contains everything for downloading its newest stage")
  func subarch() throws {
    var pages = try PageMirror.rich()
    pages.configuration.index.urls = ["https://example.org/m", "https://example.net"]
    let page = try #require(try pages.page("std/x86-64bit/generic_64/index.html"))
    let name = "stage3-generic_64-std-2026-11-21.tar.xz"
    let digest = String(repeating: "0f", count: 32)
    for part in [
      "href=\"2026-11-21/\(name)\"", "href=\"2026-11-21/\(name).gpg\"", "href=\"2026-11-21/\(name).meta4\"",
      "href=\"latest.txt\"", "href=\"../../../signing-key.asc\"", "href=\"../../../index.xml\"",
      "href=\"2026-11-21/lxd-generic_64-std-2026-11-21.tar.xz\"", ">\(digest)</code>",
      "curl -fL -O https://example.org/m/std/x86-64bit/generic_64/2026-11-21/\(name)\n",
      "echo &#39;\(digest)  \(name)&#39; | sha256sum -c\n", "gpg --verify \(name).gpg \(name)\n",
      "curl -fL https://example.org/m/signing-key.asc | gpg --import", "; fingerprint: <code>5A5A5A5A",
      "x86_64-pc-linux-gnu",
      "-O2 -march=x86-64", "href=\"2026-11-03/stage3-generic_64-std-2026-11-03.tar.xz\"",
      "href=\"../../../index.html#in/std/x86-64bit\"",
    ] { #expect(page.contains(part), "\(part)") }
    #expect(!page.contains("index.json") && !page.contains("stage1"))
  }

  @Test("without a URL no command contains one")
  func noAddress() throws {
    let page = try #require(try PageMirror.rich().page("std/x86-64bit/generic_64/index.html"))
    let body = try #require(page.components(separatedBy: "<script>").first)
    #expect(!body.contains("curl") && !body.contains("://"))
    #expect(body.contains("<noscript>") && body.contains("sha256sum -c"))
  }

  @Test("links to the newest files are shown, since their names do not change; others are not")
  func latest() throws {
    let pages = try PageMirror.rich()
    let path = "std/x86-64bit/generic_64"
    try pages.mirror.link(
      "\(path)/stage3-latest.tar.xz", to: "2026-11-21/stage3-generic_64-std-2026-11-21.tar.xz"
    ).link("\(path)/lxd-latest.tar.xz", to: "2026-11-10/lxd-generic_64-std-2026-11-10.tar.xz")
      .link("\(path)/openvz-latest.tar.xz", to: "nothing").link("\(path)/key", to: "/etc/passwd")
    let page = try #require(try pages.page(MirrorPath("\(path)/index.html")))
    #expect(page.contains("href=\"stage3-latest.tar.xz\""))
    for name in ["lxd-latest", "openvz-latest", "\"key\""] { #expect(!page.contains(name)) }
  }

  @Test("a failing subarch's page links to the log, while it exists")
  func log() throws {
    let pages = try PageMirror.rich()
    let log = "href=\"2026-11-18/log/stage2.txt\""
    #expect(try pages.page("next/x86-64bit/generic_64/index.html")?.contains(log) == true)
    let excluding: Set<MirrorPath> = ["next/x86-64bit/generic_64/2026-11-18"]
    #expect(
      try pages.page("next/x86-64bit/generic_64/index.html", excluding: excluding)?.contains(log) == false)
  }

  @Test("a version about to be removed is not shown")
  func excluding() throws {
    let pages = try PageMirror.rich()
    let excluding: Set<MirrorPath> = [
      "std/x86-64bit/generic_64/2026-11-03", "std/x86-64bit/core2_64/2026-10-01",
      "std/snapshots/portage-2026-11-20.tar.xz",
    ]
    let files = try IndexFormat.html.content(pages.source(excluding: excluding)).files
    for file in files {
      let page = String(decoding: file.bytes, as: UTF8.self)
      #expect(!page.contains("2026-11-03/") && !page.contains("2026-10-01/") && !page.contains("snapshots/"))
    }
    #expect(files.count == 7)
  }

  @Test("a version dated in the future is neither the newest nor an older one")
  func future() throws {
    let pages = try PageMirror()
    try pages.mirror.version("std/x86/a/2026-11-21").version("std/x86/a/2099-01-01").version(
      "std/x86/b/2099-01-01")
    #expect(try pages.page("std/x86/a/index.html")?.contains("2099-01-01/") == false)
    #expect(try pages.page("std/x86/b/index.html")?.contains("2099-01-01/") == false)
  }

  @Test("a tarball marked for compression is not shown")
  func marked() throws {
    let pages = try PageMirror()
    try pages.mirror.version("std/x86/a/2026-11-21", stages: ["lxd"], compression: "")
      .version("std/x86/a/2026-11-21").file("std/x86/a/2026-11-21/lxd-a-std-2026-11-21.tar.cme")
    let page = try #require(try pages.page("std/x86/a/index.html"))
    #expect(page.contains("stage3-a") && !page.contains("lxd"))
  }

  @Test(
    "a page of somebody else is kept and reported, at the root or below",
    arguments: ["", "std/x86-64bit/core2_64/"])
  func foreign(directory: String) throws {
    let pages = try PageMirror.rich()
    let path = MirrorPath("\(directory)index.html")
    try pages.mirror.file("\(directory)index.html", "<html>welcome")
    #expect(try pages.write().count == 6)
    #expect(pages.mirror.content("\(directory)index.html") == Data("<html>welcome".utf8))
    let problems = try IndexFormat.html.content(pages.source()).problems
    #expect(
      problems.map(\.description) == [
        "\(pages.mirror.root)/\(path): was not written by mirrorctl: move it away, or disable html"
      ])
    #expect(try IndexFormat.present(in: pages.mirror.scan()).contains(.html) == !directory.isEmpty)
  }

  @Test("a file that is not regular is kept, too", arguments: ["ln -s /etc/passwd", "mkdir", "mkfifo"])
  func noFile(command: String) throws {
    let pages = try PageMirror.rich()
    try Tool.run("sh", "-c", "\(command) \(pages.mirror.path("index.html"))")
    #expect(try pages.write().count == 6)
    #expect(try IndexFormat.html.content(pages.source()).problems.map(\.problem) == ["is not a regular file"])
    #expect(try !IndexFormat.present(in: pages.mirror.scan()).contains(.html))
  }

  @Test("our own page is recognized, and rewritten only if it changed")
  func own() throws {
    let pages = try PageMirror.rich()
    #expect(try !IndexFormat.present(in: pages.mirror.scan()).contains(.html))
    let files = try pages.write()
    #expect(try IndexFormat.present(in: pages.mirror.scan()).contains(.html))
    #expect(try IndexFormat.html.content(pages.source()).problems == [])
    let publisher = try IndexPublisher(root: pages.mirror.root)
    for file in files { #expect(try !publisher.publish(file)) }
  }

  @Test("the directory of a subarch removed since the scan is not created again")
  func gone() throws {
    let pages = try PageMirror.rich()
    let source = try pages.source()
    try FileManager.default.removeItem(atPath: pages.mirror.path("std/x86-64bit/core2_64"))
    #expect(try IndexFormat.html.content(source).files.count == 6)
  }

  @Test("a thousand subarches make a page of less than half a megabyte")
  func thousand() throws {
    let pages = try PageMirror()
    for number in 0..<1000 {
      try pages.mirror.version(
        "current-release-\(number / 250)/x86-64bit/amd64-tuning_\(number)/2026-11-21",
        stages: ["stage3", "lxd"])
    }
    let survey = try PageSurvey(pages.source())
    let page = RootPage(survey: survey, shell: try PageShell(IndexSettings(), survey, staleDays: 3)).bytes
    #expect(String(decoding: page, as: UTF8.self).matches(of: /<div class="what">/).count == 1000)
    #expect(page.count < 500_000)
  }

  @Test("an empty mirror has a page")
  func empty() throws {
    #expect(try PageMirror().page("index.html")?.contains("No stages yet.") == true)
  }

  @Test("a strict HTML parser finds nothing wrong, whatever things are called")
  func validity() throws {
    for pages in [try PageMirror.rich(), try PageMirror.hostile(), try PageMirror()] {
      let paths = try pages.write().map { "\($0.path.bytes.map { String($0) }.joined(separator: " "))\n" }
      try pages.mirror.file("paths", paths.joined())
      let script = """
        import html5lib, os, sys
        os.chdir(os.fsencode(sys.argv[1]))
        for line in open("paths"):
            path = bytes(map(int, line.split()))
            html5lib.HTMLParser(strict=True).parse(open(path, "rb").read(), transport_encoding="utf-8")
        """
      let result = try Tool.run("/usr/bin/python3", "-W", "ignore", "-c", script, pages.mirror.root.string)
      #expect(result.status == 0, "\(result.output)")
    }
  }
}

@testable import LinuxSystem
import Foundation
import Glibc
import Testing
import TestSupport

@testable import MirrorTools

private let hasBrowser = Tool.exists("chromium-headless-shell")

/// Real pages in a real browser.
@Suite("Pages: in Chromium", .waiting, .enabled(if: hasBrowser), .serialized)
struct BrowserTests {
  private let workspace: Workspace
  private let browser: Browser

  init() throws {
    workspace = try Workspace()
    browser = try Browser(in: workspace)
  }

  private static let subarch = "std/x86-64bit/generic_64/index.html"

  private func url(_ pages: PageMirror, _ path: String = "index.html") -> String {
    "file://\(pages.mirror.path(path))"
  }

  private let shown =
    "[...document.querySelectorAll('.rows > li')].filter(e => e.offsetParent).map(e => e.querySelector('.what a').textContent)"

  @Test("a page loads nothing but itself, and runs its script without errors")
  func quiet() throws {
    let pages = try PageMirror.rich()
    try pages.write()
    for path in ["index.html", Self.subarch, "next/riscv-64bit/rv64gc/index.html"] {
      try browser.open(url(pages, path))
      #expect(browser.complaints == [])
      #expect(browser.loaded.filter { !$0.hasPrefix("data:") } == [url(pages, path)])
    }
    try browser.open(url(pages, Self.subarch))
    #expect(try browser.text("document.querySelectorAll('.copy').length") == "2")
    #expect(try browser.text("document.querySelectorAll('time + .ago').length > 0") == "true")
  }

  @Test("the policy blocks other scripts and resources")
  func policy() throws {
    let pages = try PageMirror.rich()
    try pages.write()
    try browser.open(url(pages))
    _ = try browser.evaluate(
      """
      (() => {
        const script = document.createElement('script');
        script.textContent = 'document.title = "pwned"';
        document.body.append(script);
        document.body.insertAdjacentHTML('beforeend', '<p style="color: red" onclick="0">x</p><img src="index.xml">');
      })()
      """)
    #expect(try browser.text("document.title") == "Stages <of> \"Example\"")
    #expect(browser.complaints.count >= 3)
  }

  @Test("the filter follows the URL, so that it can be shared")
  func fragment() throws {
    let pages = try PageMirror.rich()
    try pages.write()
    try browser.open(url(pages) + "#q=haswell")
    #expect(try browser.list(shown) == ["intel64-haswell"])
    #expect(try browser.text("count.textContent") == "1 of 6 subarches")
    #expect(try browser.text("document.querySelector('#q').value") == "haswell")
    try browser.open(url(pages) + "#build=std&arch=x86-64bit&q=o")
    #expect(try browser.list(shown) == ["generic_64", "core2_64", "intel64-haswell"])
    try browser.open(url(pages) + "#q=failing")
    #expect(try browser.list(shown) == ["generic_64"])
    try browser.open(url(pages) + "#in/std/x86-64bit")
    #expect(try browser.list(shown).count == 6)
    _ = try browser.evaluate(
      "new Promise(r => { addEventListener('hashchange', r); location.hash = 'q=nothing+like+it'; })")
    #expect(try browser.list(shown) == [])
    #expect(try browser.text("count.textContent") == "0 of 6 subarches")
  }

  @Test("a filtered list has lines only between its rows, and round corners", arguments: [390, 1200])
  func border(pixels: Int) throws {
    let pages = try PageMirror.rich()
    try pages.write()
    let lines =
      "[...document.querySelectorAll('.rows > li')].filter(e => e.offsetParent).map(e => getComputedStyle(e).borderTopWidth)"
    for (filter, expected) in [("haswell", ["0px"]), ("x86-64bit std o", ["0px", "1px", "1px"])] {
      try browser.open(
        url(pages) + "#q=\(filter.replacing(" ", with: "+"))", Browser.View(width: pixels))
      #expect(try browser.list(lines) == expected, "\(filter)")
    }
    // The background of a row under the pointer must not cover the corners.
    #expect(try browser.text("getComputedStyle(document.querySelector('.rows')).overflow") == "hidden")
  }

  @Test("the keyboard is enough: skip link, filter, lists, downloads")
  func keyboard() throws {
    let pages = try PageMirror.rich()
    try pages.write()
    try browser.open(url(pages))
    try browser.press("Tab")
    #expect(try browser.text("document.activeElement.className") == "skip")
    #expect(try browser.text("document.activeElement.getBoundingClientRect().left >= 0") == "true")
    try browser.press("Tab")
    #expect(try browser.text("document.activeElement.id") == "q")
    #expect(try browser.text("getComputedStyle(document.activeElement).outlineStyle") == "solid")
    try browser.type("arm")
    #expect(try browser.list(shown) == ["generic_arm64"])
    #expect(try browser.text("location.hash") == "#q=arm")
    try browser.press("Enter")
    #expect(try browser.text("location.hash") == "#q=arm")
    #expect(browser.complaints == [])
    for expected in ["build", "arch"] {
      try browser.press("Tab")
      #expect(try browser.text("document.activeElement.id") == expected)
    }
    try browser.press("Tab")
    #expect(try browser.text("document.activeElement.tagName") == "A")
  }

  @Test("without JavaScript everything is there, except what would not work")
  func noScript() throws {
    let pages = try PageMirror.rich()
    try pages.write()
    try browser.open(url(pages), Browser.View(runsScripts: false))
    #expect(try browser.list(shown).count == 6)
    #expect(try browser.text("document.querySelector('#filter').offsetParent") == "null")
    #expect(try browser.text("document.querySelectorAll('.contents a').length") == "6")
    #expect(
      try browser.text(
        "[...document.querySelectorAll('.contents a')].every(a => document.getElementById(a.hash.slice(1)))")
        == "true")
    try browser.open(url(pages, Self.subarch), Browser.View(runsScripts: false))
    #expect(try browser.text("document.querySelectorAll('button').length") == "0")
    let shell = try browser.text("document.querySelector('details').innerText")
    #expect(shell.contains("After downloading the files above") && !shell.contains("curl"))
  }

  @Test("with JavaScript, commands contain the URL of the page")
  func place() throws {
    let pages = try PageMirror.rich()
    try pages.write()
    try browser.open(url(pages, Self.subarch))
    let shell = try browser.text("document.querySelector('pre').textContent")
    let name = "stage3-generic_64-std-2026-11-21.tar.xz"
    let place = "file://\(pages.mirror.root)/std/x86-64bit/generic_64/2026-11-21"
    let digest = String(repeating: "0f", count: 32)
    #expect(
      shell == """
        curl -fL -O \(place)/\(name)
        curl -fL -O \(place)/\(name).gpg
        echo '\(digest)  \(name)' | sha256sum -c
        gpg --verify \(name).gpg \(name)

        """)
    #expect(
      try browser.text("document.querySelector('details').innerText").contains("After downloading") == false)
  }

  @Test("a button copies the digest, whatever the clipboard allows")
  func copying() throws {
    let pages = try PageMirror.rich()
    try pages.write()
    for prepare in ["", "Object.defineProperty(navigator, 'clipboard', { value: undefined });"] {
      try browser.open(url(pages, Self.subarch))
      let copied = try browser.evaluate(
        """
        new Promise((resolve) => {
          \(prepare)
          if (navigator.clipboard) navigator.clipboard.writeText = async (text) => resolve(text);
          document.addEventListener('copy', () => resolve(String(getSelection())));
          document.querySelector('.copy').click();
        })
        """)
      #expect(copied as? String == String(repeating: "0f", count: 32))
      _ = try browser.evaluate("new Promise((resolve) => setTimeout(resolve, 50))")
      #expect(try browser.text("document.querySelector('.copy').textContent") == "Copied")
    }
  }

  @Test("a page that was not rewritten shows by itself that a stage has become stale")
  func aged() throws {
    var pages = try PageMirror()
    pages.today = day("2020-01-02")
    try pages.mirror.version("std/x86/a/2020-01-01")
    try pages.write()
    for path in ["index.html", "std/x86/a/index.html"] {
      try browser.open(url(pages, path), Browser.View(runsScripts: false))
      #expect(try browser.text("document.querySelector('.chip').className") == "chip healthy")
      try browser.open(url(pages, path))
      #expect(try browser.text("document.querySelector('.chip').className") == "chip stale")
      #expect(try browser.text("document.querySelector('.ago').textContent").hasSuffix(" years ago"))
    }
  }

  @Test("hostile names run nothing, and every link leads to an existing file")
  func hostile() throws {
    let pages = try PageMirror.hostile()
    let files = try pages.write()
    #expect(files.count > 30)
    for file in files where file.path.parent.parent == "std/x86" || file.path == "index.html" {
      let address = String(PageLink(to: file.path, from: .root).text)
      try browser.open(url(pages).replacing("index.html", with: address))
      #expect(browser.complaints == [], "\(file.path)")
      #expect(browser.loaded.filter { !$0.hasPrefix("data:") }.count == 1, "\(file.path)")
      #expect(try browser.text("document.title").contains("</script>"), "\(file.path)")
      #expect(try browser.text("document.querySelectorAll('script, img, h1').length") == "2", "\(file.path)")
      for link in try browser.list("new Set([...document.links].map(a => a.href.replace(/#.*/, '')))") {
        let root = "file://\(pages.mirror.root)/"
        #expect(link.hasPrefix(root))
        let path = Array(pages.mirror.path("").utf8) + unescaped(link.utf8.dropFirst(root.utf8.count))
        #expect(MirrorPath(bytes: path).withCString { access($0, F_OK) } == 0, "\(link)")
      }
      try expectFits(file.path)
    }
  }

  @Test(
    "nothing is wider than a phone of 320 pixels, or any wider screen",
    arguments: [320, 390, 768, 1200])
  func width(pixels: Int) throws {
    let pages = try PageMirror.rich()
    try pages.write()
    for path: MirrorPath in [
      "index.html", "std/x86-64bit/generic_64/index.html", "next/x86-64bit/generic_64/index.html",
    ] {
      try browser.open(url(pages, "\(path)"), Browser.View(width: pixels))
      try expectFits(path)
    }
  }

  @Test("all text is readable in the colours computed by the browser", arguments: [false, true])
  func contrast(isDark: Bool) throws {
    let pages = try PageMirror.rich()
    for path in try pages.write().map(\.path) {
      try browser.open(url(pages, "\(path)"), Browser.View(isDark: isDark))
      _ = try browser.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
      #expect(try browser.list(Self.faint) == [], "\(path)")
    }
    let ground = try browser.text("getComputedStyle(document.body).backgroundColor")
    #expect(ground == (isDark ? "rgb(14, 18, 23)" : "rgb(244, 246, 249)"))
  }

  @Test("assistive technology finds landmarks, headings in order, and a name for every control")
  func accessibility() throws {
    let pages = try PageMirror.rich()
    try pages.write()
    for path in ["index.html", Self.subarch] {
      try browser.open(url(pages, path))
      let nodes = try browser.accessibleNodes()
      let roles = Set(nodes.map(\.role))
      var wanted: Set = ["banner", "navigation", "main", "contentinfo", "heading", "link"]
      wanted.formUnion(
        path == "index.html" ? ["search", "searchbox", "combobox", "status"] : ["table", "rowheader"])
      #expect(wanted.subtracting(roles) == [], "\(roles)")
      let usable: Set = [
        "link", "button", "searchbox", "combobox", "navigation", "search", "img", "image", "table",
      ]
      for node in nodes where usable.contains(node.role) {
        #expect(node.name != "", "\(node.role) on \(path)")
      }
      let levels = try browser.list("[...document.querySelectorAll('h1, h2, h3, h4')].map(h => h.tagName[1])")
        .compactMap { Int($0) }
      #expect(levels.first == 1 && levels.count { $0 == 1 } == 1)
      #expect(zip(levels, levels.dropFirst()).allSatisfy { $1 <= $0 + 1 }, "\(levels)")
      let twice =
        "(ids => ids.length - new Set(ids).size)([...document.querySelectorAll('[id]')].map(e => e.id))"
      #expect(try browser.text(twice) == "0")
    }
  }

  private func expectFits(_ path: MirrorPath) throws {
    _ = try browser.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    #expect(try browser.text("document.documentElement.scrollWidth - innerWidth") == "0", "\(path)")
  }

  private func unescaped(_ text: some Sequence<UInt8>) -> [UInt8] {
    var (result, rest) = ([UInt8](), Array(text)[...])
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else { result.append(byte); continue }
      result.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
      rest = rest.dropFirst(2)
    }
    return result
  }

  /// Texts with a contrast below 4.5 to 1 against their background.
  private static let faint = """
    (() => {
      const parse = (text) => { const n = text.match(/[0-9.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
      const light = (c) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
        const s = c[i] / 255;
        return sum + weight * (s <= 0.03928 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4);
      }, 0);
      const behind = (e) => {
        for (; e; e = e.parentElement) {
          const c = parse(getComputedStyle(e).backgroundColor);
          if (c[3] === 1) return c;
        }
        return [255, 255, 255, 1];
      };
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const faint = [];
      while (walker.nextNode()) {
        const e = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || !e.getClientRects().length || e.closest('svg, script')) continue;
        const pair = [light(parse(getComputedStyle(e).color)), light(behind(e))].sort((a, b) => b - a);
        if ((pair[0] + 0.05) / (pair[1] + 0.05) < 4.5) faint.push(walker.currentNode.data);
      }
      return faint;
    })()
    """
}

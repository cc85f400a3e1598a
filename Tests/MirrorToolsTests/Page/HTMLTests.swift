import LinuxSystem
import Testing
import TestSupport

@testable import MirrorTools

@Suite("Pages: HTML") struct HTMLTests {
  @Test("text does not become markup, neither in elements nor in attributes")
  func text() {
    let evil = "<b a='x' c=\"y\">&amp;"
    let escaped = "&lt;b a=&#39;x&#39; c=&quot;y&quot;&gt;&amp;amp;"
    #expect(HTML(evil).markup == escaped)
    #expect(HTML(.span, .class(evil)) { evil }.markup == "<span class=\"\(escaped)\">\(escaped)</span>")
    #expect(HTML(.span) { HTML(name: FileName(evil)) }.markup == "<span>\(escaped)</span>")
  }

  @Test("characters not allowed in a page are replaced; line ends and tabs are kept")
  func characters() {
    var text = "a"
    for value: UInt32 in [0, 1, 0x7F, 0x85, 0xFDD0, 0x1FFFF, 0xD] {
      Unicode.Scalar(value).map { text.unicodeScalars.append($0) }
    }
    #expect(HTML(text + "\n\té🙂").markup == "a\(String(repeating: "\u{FFFD}", count: 7))\n\té🙂")
  }

  @Test("invalid UTF-8 and bidirectional control characters are shown as escapes")
  func names() {
    #expect(HTML(name: FileName(bytes: [0x61, 0xff])).markup == #"a\xff"#)
    #expect(HTML(name: "a\u{202e}b" as FileName).markup == #"a\xe2\x80\xaeb"#)
  }

  @Test("elements nest in the order in which they are listed, and void ones have no end tag")
  func elements() {
    let html = HTML(.p, .id("x"), .flag("hidden")) {
      "one"
      if true { HTML(.input) }
      for word in ["two", "three"] { HTML(.span) { word } }
    }
    #expect(html.markup == "<p id=\"x\" hidden>one<input>\n<span>two</span><span>three</span></p>\n")
    #expect(HTML.document(HTML(.html)) == Array("<!DOCTYPE html>\n<html></html>\n".utf8))
  }

  @Test(
    "a link leads to the right file, whatever its name",
    arguments: [
      ("a/b/c", "", "a/b/c"), ("a/b/c", "a/b", "c"), ("a/bc", "a/b", "../../a/bc"),
      ("x", "a/b/c", "../../../x"),
      ("a/javascript:x", "a", "javascript%3Ax"), ("a/b c?d#e%2f", "", "a/b%20c%3Fd%23e%252f"),
      ("a/\"'<>", "a", "%22%27%3C%3E"), ("a/é\n", "a", "%C3%A9%0A"),
    ])
  func links(path: MirrorPath, directory: MirrorPath, text: String) {
    #expect(PageLink(to: path, from: directory).text == text)
  }

  @Test("anchors contain no blanks and differ from the page's own ids")
  func anchors() {
    #expect(PageLink.anchor("main") == "in/main")
    #expect(PageLink.anchor("a b/\t") == "in/a%20b/%09")
    #expect(PageLink(PageLink(to: "index.html", from: "a/b"), anchor: "in/a").text == "../../index.html#in/a")
  }
}

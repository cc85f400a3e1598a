import FlexData
import Testing

@Suite("Messages")
struct MessageTests {
  /// A wrong text `main`, other files, and an element to expand.
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let main: String
    var files: [String: String] = [:]
    var element: String?
    var testDescription: String { name }

    init(_ name: String, _ main: String, _ files: [String: String] = [:], expanding element: String? = nil) {
      (self.name, self.main, self.files, self.element) = (name, main, files, element)
    }
  }

  static let cases = [
    Case("malformed-word", "a: 1\nfoo bar\n"),
    Case("malformed-opening", "foo [\n]\n"),
    Case("malformed-colon", "\tfoo:bar baz\n"),
    Case("malformed-closing", "  ]\n"),
    Case("malformed-name", "a$[b]: 1\n"),
    Case("own-element-without-section", ": 1\n"),
    Case("lines-not-closed", "a: 1\nb: [\nx\n"),
    Case("annotation-empty", "[]\n[ ]\n"),
    Case("annotation-not-closed", "[section x\n[collect x # y]\n"),
    Case("annotation-unknown", "[colect x]\n"),
    Case("section-without-name", "[section]\n"),
    Case("section-with-bad-name", "[section a $[b]]\n[section $[b]]\n"),
    Case("when-without-condition", "[when]\n[section x when]\n"),
    Case("when-with-bad-condition", "[when x == y]\n[when x is]\n[when :x]\n[when x y]\n"),
    Case("option-unknown", "[option]\n[option parse/loose]\n"),
    Case("collect-without-path", "[collect]\n"),
    Case("collect-with-more", "[collect a b]\n"),
    Case("collect-with-two-conditions", "[when x]\n[collect a when y]\n"),
    Case("collect-missing-file", "[collect etc/$[x]]\nx: a\n"),
    Case(
      "collect-undefined", "[collect a]\n", ["a": "[collect ./$[target/verison].conf]\ntarget/version: 1\n"]),
    Case("collect-too-early", "[collect a$[x:lax]]\n", ["a": "x: 1\n"]),
    Case("collect-twice", "[collect a]\n[collect b]\n", ["a": "[collect b]\n", "b": "x: 1\ny: [\n]\n"]),
    Case("collected-malformed", "[collect a]\n", ["a": "\n[collect d/b]\n", "d/b": "x\ny\n"]),
    Case("defined-twice", "a: 1\nb: 2\n a: 3\n"),
    Case(
      "defined-twice-in-files", "a: 1\n[collect b]\n",
      ["b": "[section s]\nx: 2\n[collect c]\n", "c": "a: 2\n"]),
    Case("two-conditions-hold", "x: 1\n[when x]\na: 1\n[when x is 1]\na: 2\n", expanding: "a"),
    Case("undefined", "a: see $[path/mirror/onwer]\npath/mirror/owner: root\n", expanding: "a"),
    Case(
      "undefined-in-chain", "a: [\n# 1\n\techo é $[b]\n]\nb: $[c]\nc: $[nothing/like/it]\n", expanding: "a"),
    Case("undefined-lines", "a: [\n  $[[b]]\n]\n", expanding: "a"),
    Case("reference-not-closed", "a: x $[b\n", expanding: "a"),
    Case("reference-with-bad-mode", "a: $[b:lux]\n", expanding: "a"),
    Case("reference-with-bad-name", "a: [\n((x = $[1 + 2]))\n]\n", expanding: "a"),
    Case("reference-without-section", "a: $[:b]\n", expanding: "a"),
    Case("include-of-one-line", "a: [\n$[[b]]\n]\nb: 1\n", expanding: "a"),
    Case("include-with-bad-mode", "a: [\n$[[b:zap]]\n]\n", expanding: "a"),
    Case("include-with-question", "a: [\n$[[b?]]\n]\n", expanding: "a"),
    Case("cycle-of-one", "a: $[a]\n", expanding: "a"),
    Case("cycle-of-three", "a: $[b]\nb: [\n$[[c]]\n]\nc: [\n$[a]\n]\n", expanding: "a"),
    Case("cycle-of-conditions", "[when b]\na: 1\n[when a]\nb: 1\n", expanding: "a"),
    Case(
      "cycle-of-fifty", (0..<50).map { "a\($0): $[a\(($0 + 1) % 50)]\n" }.joined(), expanding: "a0"),
    Case("file-missing", "a: << no/such/file\n", expanding: "a"),
    Case("code-not-closed", "a: [\n<?python\nprint(1)\n]\n", expanding: "a"),
    Case("code-refused", "a: [\n<?python\nprint(1)\n?>\n]\n", expanding: "a"),
    Case("nul", "a: x\u{0}y\n"),
    Case(
      "long-line",
      "a: \(String(repeating: "words and ", count: 50))$[no] \(String(repeating: "more ", count: 90))\n",
      expanding: "a"),
    Case("tabs", "\ta:\t\tx\t$[no]\n", expanding: "\ta"),
  ]

  @Test("a message contains the position, the problem and a hint", arguments: cases)
  func message(wrong: Case) throws {
    var text = ""
    do throws(FlexDataError) {
      let spec = try Spec(wrong.files.merging(["main": wrong.main]) { $1 })
      if let element = wrong.element { _ = try spec.lines(element.filter { $0 != "\t" }) }
      Issue.record("\(wrong.name) is no error")
    } catch { text = "\(error)\n" }
    try Golden.expect(text, is: wrong.name)
  }

  @Test("invalid definitions on the command line")
  func define() throws {
    for (name, pair) in ["name": ("a b", "1"), "value": ("a", "1\n2")] {
      do throws(FlexDataError) {
        _ = try Spec("", define: [pair])
        Issue.record("this must fail")
      } catch { try Golden.expect("\(error)\n", is: "define-bad-\(name)") }
    }
  }

  @Test("bytes that are not text")
  func bytes() throws {
    let host = HostAccess(read: { _ throws(HostAccess.Fault) in Array("a: 1\nb: é".utf8) + [0xff, 0x0a] })
    do throws(FlexDataError) {
      try Elements(host).collect("main")
      Issue.record("this must fail")
    } catch { try Golden.expect("\(error)\n", is: "not-utf-8") }
  }
}

import FlexData
import Testing

@Suite("Elements")
struct ElementTests {
  @Test("a value is its words, without the comment and the blanks around them")
  func value() throws {
    let spec = try Spec("a: one  two # three\nb:\t tab\t\n c: indented   \nd: a#b #\n")
    #expect(try spec["a"] == "one  two")
    #expect(try spec["b"] == "tab")
    #expect(try spec["c"] == "indented")
    #expect(try spec["d"] == "a#b")
  }

  @Test(
    "an element without a value is defined and blank", arguments: ["a:", "a:   ", "a: # nothing", "a:\t#"])
  func blank(text: String) throws {
    let spec = try Spec(text)
    #expect(try spec["a"] == "")
    #expect(try spec.lines("a") == [""])
    #expect(spec.elements.names == ["a"])
  }

  @Test("an undefined element is nil")
  func undefined() throws {
    let spec = try Spec("")
    #expect(try spec["a"] == nil)
    #expect(try spec.lines("a") == nil)
    #expect(try spec.elements.place(of: "a") == nil)
  }

  @Test("lines between brackets are kept unchanged")
  func lines() throws {
    let spec = try Spec("a: [\n  indented \n\n# no comment\n\ttab\nx: y\n[section z]\n ] text\n\t] \nb: 1\n")
    #expect(
      try spec.lines("a") == ["  indented ", "", "# no comment", "\ttab", "x: y", "[section z]", " ] text"])
    #expect(try spec["b"] == "1")
  }

  @Test("several lines become words if one line is needed")
  func joined() throws {
    let spec = try Spec("a: [\n one\n\ttwo three \n]\nb: ($[a])\n")
    #expect(try spec["a"] == "one two three")
    #expect(try spec["b"] == "(one two three)")
  }

  @Test("an opening bracket followed by a word is a value; followed by a comment it opens lines")
  func bracket() throws {
    let spec = try Spec("a: [ x\nb: [ # lines\nx\n]\nc: []\n")
    #expect(try spec["a"] == "[ x")
    #expect(try spec.lines("b") == ["x"])
    #expect(try spec["c"] == "[]")
  }

  @Test("lines may end with CRLF, and the last one with nothing", arguments: ["\n", "\r\n"], [true, false])
  func ends(newline: String, last: Bool) throws {
    let text =
      ["a: one", "b: [", "two ", "", "]", "c: end"].joined(separator: newline) + (last ? newline : "")
    let spec = try Spec(text)
    #expect(try spec["a"] == "one")
    #expect(try spec.lines("b") == ["two ", ""])
    #expect(try spec["c"] == "end")
  }

  @Test("a byte order mark is not part of the first name")
  func byteOrderMark() throws {
    #expect(try Spec("\u{feff}a: 1\n")["a"] == "1")
  }

  @Test("names, values and lines may contain characters beyond ASCII")
  func unicode() throws {
    let spec = try Spec("größe: \u{301}x 日本 👩‍👩‍👧\nb: [\n \u{301}$[größe]\n]\n")
    #expect(try spec["größe"] == "\u{301}x 日本 👩‍👩‍👧")
    #expect(try spec.lines("b") == [" \u{301}\u{301}x 日本 👩‍👩‍👧"])
  }

  @Test("a section is the prefix of the names that follow, and `:` is the section's own element")
  func section() throws {
    let spec = try Spec(
      "a: 1\n[section path/mirror]\n: /srv\nowner: root\n [ section other ] # comment\na: 2\n[section x]\na: 3"
    )
    #expect(try spec["a"] == "1")
    #expect(try spec["path/mirror"] == "/srv")
    #expect(try spec["path/mirror/owner"] == "root")
    #expect(try spec["other/a"] == "2")
    #expect(try spec["x/a"] == "3")
    #expect(spec.elements.names == ["a", "other/a", "path/mirror", "path/mirror/owner", "x/a"])
  }

  @Test("a section is identified by its position")
  func place() throws {
    let place = try #require(try Spec("\n[section s]\n  a: 1").elements.place(of: "s/a"))
    #expect((place.file, place.line, place.column) == ("main", 3, 3))
    #expect("\(place)" == "main:3")
  }

  @Test("the command line overrides texts, wherever they define")
  func define() throws {
    let spec = try Spec(
      "a: text\n[when a is text]\nb: 1\n[when a is mine]\nb: 2\n[when *]\na: twice\nc: $[a]",
      define: [("a", " mine "), ("d", "$[c]!")])
    #expect(try spec["a"] == "mine")
    #expect(try spec["b"] == "2")
    #expect(try spec["d"] == "mine!")
  }

  @Test(
    "the command line accepts only names that are valid in texts", arguments: ["", "a b", "$[x]", "a:", "#"])
  func defineBadly(name: String) {
    #expect(throws: FlexDataError.self) { try Spec("", define: [(name, "x")]) }
  }

  @Test("a value of the command line is one line")
  func defineLines() {
    #expect(throws: FlexDataError.self) { try Spec("", define: [("a", "x\ny")]) }
  }
}

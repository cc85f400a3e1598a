import FlexData
import Testing

@Suite("References")
struct ReferenceTests {
  @Test("the order of definitions does not matter")
  func order() throws {
    #expect(try Spec("a: <$[b]>\nb: $[c]$[c]\nc: x")["a"] == "<xx>")
  }

  @Test("references within a section")
  func section() throws {
    let spec = try Spec(
      """
      [section s]
      : own
      a: $[] $[:] $[:b] $[:b?] $[:n?] $[?] $[::lax]
      b: 1
      [section t]
      c: $[s/a]
      l: [
      $[:c]
      $[[:m]]
      ]
      m: [
      m of $[:n:lax].
      ]
      """)
    #expect(try spec["s/a"] == "own own 1 yes no yes own")
    #expect(try spec["t/c"] == "own own 1 yes no yes own")
    #expect(try spec.lines("t/l") == ["own own 1 yes no yes own", "m of ."])
  }

  @Test("a question gives yes if the element is defined and not blank")
  func question() throws {
    let spec = try Spec("a: $[b?] $[c?] $[d?] $[e?] $[f?]\nb: x\nc:\ne: [\n]\nf: [\nx\n]")
    #expect(try spec["a"] == "yes no no no yes")
  }

  @Test("a question expands nothing, so the element need not be expandable")
  func questionOfBroken() throws {
    #expect(try Spec("a: $[b?]\nb: $[undefined]")["a"] == "yes")
  }

  @Test("zap removes one of several lines")
  func zapLine() throws {
    let spec = try Spec("a: [\none\nx $[no:zap] y\nx $[blank:zap] y\nx $[b:zap] y\n]\nblank:\nb: z")
    #expect(try spec.lines("a") == ["one", "x z y"])
  }

  @Test("zap removes a value, and references to it")
  func zapValue() throws {
    let spec = try Spec("a: x $[no:zap]\nb: y $[a]\nc: [\n1\n$[b]\n2\n]")
    #expect(try spec["a"] == nil)
    #expect(try spec["b"] == nil)
    #expect(try spec.lines("a") == [])
    #expect(try spec.lines("c") == ["1", "2"])
    #expect(spec.elements.names == ["a", "b", "c"])
  }

  @Test("lax makes undefined elements empty, also in nested references")
  func lax() throws {
    let spec = try Spec("a: <$[no:lax]>\nb: <$[c:lax]>\nc: ($[d])\nd: $[no] $[blank:zap]x\nblank: y")
    #expect(try spec["a"] == "<>")
    #expect(try spec["b"] == "<( yx)>")
    #expect(throws: FlexDataError.self) { try spec["c"] }
  }

  @Test("parse/lax makes later definitions lax, until parse/strict or the end of the text")
  func option() throws {
    let spec = try Spec([
      "main":
        "[option parse/lax]\na: <$[no]>\n[option parse/strict]\nb: $[no]\n[option parse/lax]\n[collect o]",
      "o": "c: $[no]",
    ])
    #expect(try spec["a"] == "<>")
    #expect(throws: FlexDataError.self) { try spec["b"] }
    #expect(throws: FlexDataError.self) { try spec["c"] }
  }

  @Test("a default counts if nothing else is defined, whichever is collected first")
  func defaults() throws {
    let defaults = """
      [option define/default]
      a: default
      b: default $[a]
      file: other
      [when a is own]
      c: for own
      [option define/own]
      d: $[c]
      """
    let own = "a: own\n[collect $[file]]"
    for main in ["[collect own]\n[collect defaults]", "[collect defaults]\n[collect own]"] {
      let spec = try Spec(["main": main, "own": own, "defaults": defaults, "other": "e: $[b]"])
      #expect(
        try ["a", "b", "c", "d", "e"].map { try spec[$0] } == [
          "own", "default own", "for own", "for own", "default own",
        ])
    }
  }

  @Test("two defaults with the same name are an error, like two definitions")
  func repeatedDefault() {
    #expect(throws: FlexDataError.self) { try Spec("[option define/default]\na: 1\na: 2") }
  }

  @Test("lines of another element replace a line that contains only its name")
  func include() throws {
    let spec = try Spec(
      """
      name: b
      a: [
      before
        $[[b]]
      $[[$[name]]]
      $[[no:lax]]
      after
      ]
      b: [
        $[name] 1
      ]
      """)
    #expect(try spec.lines("a") == ["before", "  b 1", "  b 1", "after"])
  }

  @Test(
    "double brackets with anything beside them are kept unchanged",
    arguments: [
      "x $[[b]]", "# $[[b]]", "$[[b]] x", "$[[b]] $[[b]]", "$[[b]]$[[b]]", "$[[ b ]]", "$[[b]", "$[[",
    ])
  func includeWithin(line: String) throws {
    #expect(try Spec("a: [\n\(line)\n]\nb: [\n1\n]").lines("a") == [line])
  }

  @Test("in a single-line value double brackets are kept, and references in them are replaced")
  func includeInValue() throws {
    #expect(try Spec("a: $[[b]] $[[$[c]]]\nc: 1")["a"] == "$[[b]] $[[1]]")
  }

  @Test("a script's comments, here-documents and other dollars")
  func script() throws {
    let spec = try Spec(
      """
      v: 1.0
      run: [
      #!/bin/sh
      # version $[v]
      cat > x << "EOF"
      $HOME ${v} $(v) $$ [$[v]] \\$[v] $
      EOF
      [ -e x ] && echo ]
      ]
      """)
    #expect(
      try spec.lines("run") == [
        "#!/bin/sh", "# version 1.0", "cat > x << \"EOF\"", "$HOME ${v} $(v) $$ [1.0] \\1.0 $", "EOF",
        "[ -e x ] && echo ]",
      ])
  }

  @Test("a reference in a comment line must be defined like any other")
  func comment() {
    #expect(problems("a: [\n# $[no]\n]", expanding: "a").map(\.message) == ["`no` is not defined"])
  }

  @Test("references nested a hundred levels and more", arguments: [20, 21, 100, 900])
  func deep(depth: Int) throws {
    var text = "v0: x\nl0: [\nx\n]\nm0: [\nx\n]\nc0: x\n"
    for i in 1...depth {
      text += "v\(i): $[v\(i - 1)]\nl\(i): [\n$[[l\(i - 1)]]\n]\nm\(i): [\n$[m\(i - 1)]\n]\n"
      text += "[when c\(i - 1) is x]\nc\(i): x\n[when *]\n"
    }
    let spec = try Spec(text)
    for kind in ["v", "l", "m", "c"] { #expect(try spec["\(kind)\(depth)"] == "x") }
  }

  @Test("endless depth is an error, not a crash")
  func endless() {
    let text = "v0: x\n" + (1...5000).map { "v\($0): $[v\($0 - 1)]\n" }.joined()
    #expect(problems(text, expanding: "v5000").map(\.message) == ["references are nested deeper than 1000"])
  }

  @Test("elements with several references to them are expanded once")
  func diamond() throws {
    let values = "v0:\n" + (1...30).map { "v\($0): $[v\($0 - 1)]$[v\($0 - 1)]\n" }.joined()
    #expect(try Spec(values)["v30"] == "")
    let conditions =
      "c0:\n" + (1...30).map { "[when c\($0 - 1)]\nc\($0):\n[when c\($0 - 1) is x]\nc\($0):\n" }.joined()
    #expect(try Spec(conditions)["c30"] == "")
  }

  @Test("an expansion that would fill the memory is an error")
  func bomb() {
    let values = "v0: x\n" + (1...40).map { "v\($0): $[v\($0 - 1)]$[v\($0 - 1)]\n" }.joined()
    #expect(problems(values, expanding: "v40").map(\.message) == ["this expands to more than 64 MiB"])
    let lines =
      "l0: [\n\(String(repeating: "x", count: 10_000))\n]\n"
      + (1...40).map { "l\($0): [\n$[[l\($0 - 1)]]\n$[[l\($0 - 1)]]\n]\n" }.joined()
    #expect(problems(lines, expanding: "l40").map(\.message) == ["this expands to more than 64 MiB"])
  }

  @Test("a cycle of three names the chain")
  func cycle() throws {
    let found = try #require(problems("a: $[b]\nb: $[c]\nc: $[a]", expanding: "b").first)
    #expect(found.message == "`b` refers to itself: b -> c -> a -> b")
  }

  @Test(
    "any reference of an element to itself is an error",
    arguments: [
      "a: $[a]", "a: [\n$[[a]]\n]", "a: [\n$[a]\n]", "[when a]\na: x",
      "[when b is x]\na: x\n[when *]\nb: $[a]",
      "a: $[b:lax]\nb: $[a:zap]", "a: << $[a]",
    ])
  func cycles(text: String) {
    #expect(problems(text, expanding: "a").first?.message.contains("refers to itself") == true)
  }

  @Test("ten megabytes of lines, and of one line")
  func large() throws {
    // Long lines: the time depends on the number of bytes in a debug build.
    let line = String(repeating: "echo words ", count: 100) + "$[v]"
    let lines = try Spec("v: x\na: [\n\(String(repeating: line + "\n", count: 9500))]\n")
    #expect(try lines.lines("a")?.count == 9500)
    let one = try Spec("v: x\na: \(String(repeating: line + " ", count: 9500))\n")
    #expect(try one["a"]?.utf8.count == 9500 * 1102 - 1)
  }

  @Test("a hundred thousand lines")
  func many() throws {
    let spec = try Spec("a: [\n\(String(repeating: "x\n", count: 100_000))]\n")
    #expect(try spec.lines("a")?.count == 100_000)
  }
}

import FlexData
import Testing

@Suite("Collects")
struct CollectTests {
  @Test("a path is relative to the collecting file, also in nested directories")
  func relative() throws {
    let spec = try Spec([
      "main": "[collect ./etc/a.conf]",
      "etc/a.conf": "[collect builds/b.conf]\n[collect ../top.conf]",
      "etc/builds/b.conf": "[collect ../../lib/c.conf]\n[collect /abs/d.conf]",
      "lib/c.conf": "c: 1", "/abs/d.conf": "[collect ../e.conf]", "/e.conf": "e: 2", "top.conf": "top: 3",
    ])
    #expect(spec.elements.names == ["c", "e", "top"])
  }

  @Test("a collect waits for one that is collected later")
  func waiting() throws {
    let spec = try Spec([
      "main": "[collect $[dir]/$[name].conf]\n[collect name]\n[collect dir]",
      "dir": "dir: d", "name": "[section x]\n[collect ./$[]]\n: deep", "deep": "name: n", "d/n.conf": "a: 1",
    ])
    #expect(try spec["a"] == "1")
  }

  @Test("two hundred collects in the worst order")
  func chain() throws {
    var files = ["f0": "next0: f1\n"]
    for i in 1..<200 { files["f\(i)"] = "next\(i): f\(i + 1)\n" }
    files["main"] =
      (1..<200).reversed().map { "[collect $[next\($0 - 1)]]\n" }.joined() + "[collect f0]\n"
    #expect(try Spec(files).elements.names.count == 200)
  }

  @Test("an empty path collects nothing", arguments: ["$[no:zap]", "a/$[no:zap]", "$[blank]", "$[no:lax]"])
  func nothing(path: String) throws {
    #expect(try Spec("[collect \(path)]\nblank:\na: 1")["a"] == "1")
  }

  @Test("a collect within a section refers to it")
  func section() throws {
    #expect(try Spec(["main": "[section s]\nfile: f\n[collect $[:file]]", "f": "a: 1"])["a"] == "1")
  }

  @Test("a collect below a condition, and one with a condition")
  func conditional() throws {
    let files = [
      "main": """
      [collect one when target is stage1]
      [collect two when target in stage2 stage3]
      [collect any when target]
      [collect never when no]
      [when target is stage3]
      [collect three]
      [section s when target is stage1]
      [collect four]
      """, "one": "one:", "two": "two:", "three": "three:", "four": "four:", "any": "any:",
    ]
    #expect(
      try Spec(files, define: [("target", "stage1")]).elements.names == ["any", "four", "one", "target"])
    #expect(
      try Spec(files, define: [("target", "stage3")]).elements.names == ["any", "target", "three", "two"])
    #expect(try Spec(files).elements.names == [])
  }

  @Test("a condition may depend on a file that is collected later")
  func laterCondition() throws {
    let spec = try Spec([
      "main": "[collect a when x is $[y]]\n[collect b when y is 2]\n[collect c]", "b": "b: 1",
      "c": "y: $[z]\nz: 2",
    ])
    #expect(try spec["b"] == "1")
  }

  @Test("collects that depend on something undefined are decided last, in any order")
  func undefinedLast() throws {
    for collects in ["[collect a$[x:lax]]\n[collect b]\n", "[collect b]\n[collect a$[x:lax]]\n"] {
      let spec = try Spec(["main": collects, "b": "[collect c]", "c": "x: 1", "a1": "a: 1"])
      #expect(try spec["a"] == "1")
    }
  }

  @Test("a zap that would collect nothing waits for those that collect something")
  func zapLast() throws {
    let spec = try Spec(["main": "[collect $[x:zap]]\n[collect b$[y:lax]]", "b": "x: c", "c": "c: 1"])
    #expect(try spec["c"] == "1")
  }

  @Test("a collect that was decided too early is an error, in any order")
  func tooEarly() {
    for collects in [
      "[collect a$[x:lax]]\n[collect b$[y:lax]]\n", "[collect b$[y:lax]]\n[collect a$[x:lax]]\n",
    ] {
      let found = problems(["main": collects, "a": "y: 1", "b": "x: 1"]).map(\.message).sorted()
      #expect(
        found
          == ["a", "b"].map {
            "\($0) was collected, but later definitions change its path or condition"
          })
    }
  }

  @Test("a file that collects itself is read once")
  func itself() throws {
    #expect(
      try Spec(["main": "[collect main]\n[collect a]", "a": "[collect ./a]\n[collect main]"]).elements.names
        == [])
  }

  @Test("a file that is collected twice is an error because of its definitions")
  func twice() throws {
    let found = problems([
      "main": "[collect a]\n[collect b]", "a": "[collect ./c]", "b": "[collect c]", "c": "x: 1",
    ])
    #expect(found.map(\.message) == ["`x` is already defined in c:1"])
    #expect(found.first?.hint == "the file was already collected, by a:1: remove one of the collects")
    #expect(problems(["main": "[collect a]\n[collect a]", "a": "# nothing"]).isEmpty)
  }

  @Test("definitions of one name in two files name both places")
  func duplicates() {
    let found = problems(["main": "a: 1\n[collect b]", "b": "\n  a: 2"])
    #expect(found.map(\.message) == ["`a` is already defined in main:1"])
    #expect(found.first.flatMap(\.place).map { "\($0) \($0.column)" } == "b:2 3")
  }

  @Test("all problems in all files are reported")
  func all() {
    let found = problems([
      "main": "a\n[collect b]\n[collect c]\n[collect $[no]]\nb:x\n[foo]", "b": "x y\n[when]", "c": "[section",
    ])
    #expect(
      found.map { $0.place.map { "\($0)" } ?? "" } == [
        "main:1", "main:5", "main:6", "b:1", "b:2", "c:1", "main:4",
      ])
  }

  @Test("an unresolvable collect is an error, or is returned if tolerated")
  func tolerant() throws {
    let files = ["main": "[collect $[no]/x]\n[collect a]", "a": "a: 1"]
    #expect(problems(files).map(\.message) == ["`no` is not defined"])
    let elements = Elements(Spec.host(files))
    #expect(try elements.collect("main", tolerant: true).map(\.message) == ["`no` is not defined"])
    #expect(try elements.text("a") == "1")
  }

  @Test("a file that is missing or not text is an error, tolerated or not")
  func unreadable() throws {
    let host = HostAccess(read: { path throws(HostAccess.Fault) in
      guard path != "gone" else { throw HostAccess.Fault("there is no such file") }
      return path == "main"
        ? Array("[collect bytes]\n[collect gone]\n[collect nul]".utf8)
        : path == "nul" ? Array("a: x\0y\n".utf8) : Array("a: ü\nb: ü".utf8) + [0xc3, 0x0a]
    })
    do throws(FlexDataError) {
      try Elements(host).collect("main", tolerant: true)
      Issue.record("this must fail")
    } catch {
      let places = error.problems.map { "\($0.place.map { "\($0):\($0.column)" } ?? "-") \($0.message)" }
      #expect(
        places == [
          "bytes:2:5 this is not UTF-8", "main:2:10 gone: there is no such file",
          "nul:1:5 the text contains a NUL byte",
        ])
    }
  }
}

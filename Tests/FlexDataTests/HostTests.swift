import FlexData
import Synchronization
import Testing

@Suite("Files and code of the host")
struct HostTests {
  @Test("a file's text is a value: trailing newlines are removed, inner ones become spaces")
  func file() throws {
    let spec = try Spec([
      "main": "[collect d/a]",
      "d/a": "a: << ./$[n]\nb: << none\nn: file # comment\nc: <$[a]>\nd: << two words",
      "d/file": "one\r\ntwo\n\n $[three]\n\n\n", "d/none": "",
    ])
    #expect(try spec["a"] == "one two   $[three]")
    #expect(try spec["b"] == "")
    #expect(try spec["c"] == "<one two   $[three]>")
    #expect(try spec["d"] == "<< two words")
  }

  @Test("a missing file is an error if it is needed, and only then")
  func missing() throws {
    let spec = try Spec("a: << no/file\nb: $[a?]")
    #expect(try spec["b"] == "yes")
    #expect(problems("a: << no/file", expanding: "a").map(\.message) == ["no/file: there is no such file"])
  }

  @Test("a removed value names no file")
  func vanished() throws {
    #expect(try Spec("a: << $[no:zap]")["a"] == nil)
  }

  @Test("output replaces code; all blocks of an element run at once, unchanged")
  func python() throws {
    let files = [
      "main": "a: [\n$[v]\n<?python\nprint($[v])\n  x\n?>\nmid\n  <?python\n ?>\n]\nv: 1\nb: $[a?]"
    ]
    let spec = try Spec(files) { blocks throws(HostAccess.Fault) in blocks.map { "ran: \($0)" } }
    #expect(try spec.lines("a") == ["1", "ran: print($[v])", "  x", "", "mid", "ran: "])
    #expect(try spec["b"] == "yes")
  }

  @Test("code runs once, and only if its element is needed")
  func once() throws {
    let count = Count()
    let spec = try Spec(["main": "a: [\n<?python\n?>\n]\nb: $[a] $[a]\nc: 1"]) {
      blocks throws(HostAccess.Fault) in
      count.add()
      return blocks.map { _ in "x" }
    }
    #expect(try spec["c"] == "1")
    #expect(count.value == 0)
    #expect(try spec["b"] == "x x")
    #expect(count.value == 1)
  }

  @Test("a check finds what is wrong with an element without running its code")
  func check() throws {
    let count = Count()
    let text = "a: [\n<?python\n?>\n]\nb: $[a]$[no]\nc: [\n$[a]\n$[no]\n]\nd: $[no]\n"
    let spec = try Spec(["main": text]) { blocks throws(HostAccess.Fault) in
      count.add()
      return blocks.map { _ in "x" }
    }
    // What is not defined may depend on the code.
    for name in ["a", "b", "c", "none"] { try spec.elements.check(name) }
    let error = #expect(throws: FlexDataError.self) { try spec.elements.check("d") }
    #expect(error?.problems.map(\.missing) == ["no"])
    #expect(count.value == 0)
    #expect(try spec["a"] == "x")
  }

  @Test("a problem names the file that cannot be read")
  func unreadable() throws {
    let found = problems("a: << no/file\nb: $[a]", expanding: "b")
    #expect(found.map(\.unreadable) == ["no/file"])
    #expect(problems("a: $[no]", expanding: "a").map(\.unreadable) == [nil])
  }

  @Test("a runner that refuses is an error at the block")
  func refused() {
    let found = problems("a: [\nx\n  <?python\n?>\n]", expanding: "a")
    #expect(found.map(\.message) == ["`<?python`: python3 is not there"])
    #expect(found.first?.place?.line == 3)
  }

  private final class Count: Sendable {
    private let state = Mutex(0)
    var value: Int { state.withLock { $0 } }
    func add() { state.withLock { $0 += 1 } }
  }
}

import FlexData
import Testing

@Suite("Conditions")
struct ConditionTests {
  static let text = """
    always: 1
    [when arch is x86 amd64]
    a: x86
    l: [
    lines of x86
    ]
    [when arch in arm]
    a: arm
    [when *]
    end: 2
    [section s when arch is arm]
    b: arm
    [section t]
    c: 3
    [when arch]
    d: $[:c]
    """

  @Test(
    "elements count if their condition holds",
    arguments: [
      ("x86", "a always arch end l t/c t/d"), ("amd64", "a always arch end l t/c t/d"),
      ("arm", "a always arch end s/b t/c t/d"), ("mips", "always arch end t/c t/d"),
    ])
  func conditions(arch: String, names: String) throws {
    let spec = try Spec(Self.text, define: [("arch", arch)])
    #expect(spec.elements.names.joined(separator: " ") == names)
  }

  @Test("a condition with `has` holds if a list contains one of the words")
  func lists() throws {
    let text = "[when list has a b]\nx: 1\n[when list is a]\ny: 1"
    func names(_ list: String) throws -> [String] {
      try Spec(text, define: [("list", list)]).elements.names.filter { $0 != "list" }
    }
    #expect(try names("a") == ["x", "y"])
    #expect(try names("c  b") == ["x"])
    #expect(try names("ab c") == [])
    #expect(try names("") == [])
  }

  @Test("the values that conditions compare an element with are known")
  func compared() throws {
    let elements = try Spec(Self.text).elements
    #expect(elements.comparedValues(of: "arch") == ["amd64", "arm", "x86"])
    #expect(elements.comparedValues(of: "a") == [])
    #expect(elements.names(in: "t") == ["t/c", "t/d"])
  }

  @Test("an element does not count if its condition's element is undefined")
  func undefined() throws {
    #expect(try Spec(Self.text).elements.names == ["always", "end", "t/c"])
  }

  @Test("the element of a condition is expanded, and may be conditional too")
  func expanded() throws {
    let spec = try Spec("[when b is x]\na: 1\n[when c]\nb: $[c]\n[when *]\nc: x")
    #expect(try spec["a"] == "1")
  }

  @Test("two conditions that hold are an error naming both places, and other elements expand")
  func ambiguous() throws {
    let text = "x: 1\n[when x]\na: 1\n[when x is 1]\na: 2\n[when *]\nb: 3"
    #expect(
      problems(text, expanding: "a").map(\.message) == [
        "`a` has two values whose conditions hold: the other is in main:3"
      ])
    let spec = try Spec(text)
    #expect(try spec["b"] == "3")
    #expect(spec.elements.names == ["a", "b", "x"])
  }

  @Test(
    "a definition with the same condition, or beside one without any, is a second one",
    arguments: [
      "[when x]\na: 1\na: 2", "[when x is 1]\na: 1\n[when *]\n[when x in 1]\na: 2", "a: 1\n[when x]\na: 2",
      "[when x]\na: 1\n[when *]\na: 2",
    ])
  func duplicate(text: String) {
    #expect(problems(text).map(\.message).first?.hasPrefix("`a` is already defined in main:") == true)
  }

  @Test("a condition's values are words")
  func words() throws {
    #expect(try Spec("a: x y\n[when a is x y]\nb: 1").elements.names == ["a"])
  }
}

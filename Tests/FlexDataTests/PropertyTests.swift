import FlexData
import TestSupport
import Testing

@Suite("Properties")
struct PropertyTests {
  @Test("parse, print, parse is stable", arguments: 0..<60 as Range<UInt64>)
  func printing(seed: UInt64) throws {
    var generator = SpecGenerator(seed: seed)
    for (name, text) in generator.files() {
      let document = try Document(Source(name: name, text: text))
      let printed = document.description
      let again = try Document(Source(name: name, text: printed))
      #expect(again.description == printed)
      #expect(again.items.map(Self.shown) == document.items.map(Self.shown))
    }
  }

  /// The contents of a text, without positions.
  private static func shown(_ item: Document.Item) -> String {
    switch item {
    case .collect(let collect):
      "\(collect.path) \(collect.section ?? "-") \(collect.condition?.text ?? "-")"
    case .definition(let definition):
      """
      \(definition.name) \(definition.section ?? "-") \(definition.condition?.text ?? "-") \
      \(definition.isLax) \(definition.isDefault) \(definition)
      """
    }
  }

  @Test("the order of definitions, and of collects, never matters", arguments: 0..<60 as Range<UInt64>)
  func order(seed: UInt64) {
    var generator = SpecGenerator(seed: seed)
    let files = generator.files()
    let result = Self.result(files)
    for _ in 0..<5 { #expect(Self.result(generator.shuffled(files)) == result) }
  }

  @Test("the order test covers more than errors")
  func meaning() {
    let results = (0..<60 as Range<UInt64>).map { seed in
      var generator = SpecGenerator(seed: seed)
      return Self.result(generator.files())
    }
    #expect(results.count { $0[""] == nil && $0.count > 5 } > 20)
  }

  /// The expansions of all elements, or that it is an error.
  private static func result(_ files: [String: String]) -> [String: [String]] {
    do throws(FlexDataError) {
      let spec = try Spec(files)
      var result: [String: [String]] = [:]
      for name in spec.elements.names {
        do throws(FlexDataError) { result[name] = try spec.lines(name) } catch {
          result[name] = ["error"]
        }
      }
      return result
    } catch { return ["": ["error"]] }
  }
}

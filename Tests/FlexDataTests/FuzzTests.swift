@testable import FlexData
import Foundation
import TestSupport
import Testing

/// An in-process mutator: one second by default, a minute with `MIRRORCTL_SOAK=full`.
@Suite("Fuzz")
struct FuzzTests {
  private static let seconds = Soak.isFull ? 60.0 : 1.0

  private static let tokens = [
    "$[", "$[[", "]", "]]", "[", ":", "?", ":zap", ":lax", "#", "\n", "\r\n", "\r", "\t", " ", "a: ", "b/c: ",
    "<< ",
    "<?python\n", "?>\n", "[section a]\n", "[when a is b]\n", "[when *]\n", "[collect a]\n",
    "[collect $[a]]\n",
    "[option parse/lax]\n", "[option define/default]\n", "a: [\n", "\n]\n", "$[a]", "$[b/c?]", "$[[a]]",
    "\u{301}", "\u{feff}", "\u{0}",
    "👩‍👧", "\u{600}",
    "$[]", "$[:]", "$[:x]",
  ].map { Array($0.utf8) }

  @Test(
    "any files soon give a result or an error inside a text",
    arguments: 0..<2 as Range<UInt64>)
  func mutate(seed: UInt64) throws {
    var random = Seeded(
      state: Soak.isFull ? .random(in: 0 ... .max) : seed)
    var generator = SpecGenerator(seed: random.next())
    let end = Date().addingTimeInterval(Self.seconds)
    var corpus: [[UInt8]] = MessageTests.cases.map { Array($0.main.utf8) }
    for _ in 0..<10 { corpus += generator.files().values.map { Array($0.utf8) } }
    while Date() < end {
      let text = mutated(corpus, &random)
      let other = mutated(corpus, &random)
      try load(text, other)
      if corpus.count < 2000 { corpus.append(text) }
    }
  }

  private func mutated(_ corpus: [[UInt8]], _ random: inout Seeded) -> [UInt8] {
    var text = corpus.randomElement(using: &random) ?? []
    for _ in 0..<Int.random(in: 1...6, using: &random) {
      let at = Int.random(in: 0...text.count, using: &random)
      let upTo = min(text.count, at + Int.random(in: 0...8, using: &random))
      switch Int.random(in: 0..<6, using: &random) {
      case 0: text.insert(contentsOf: Self.tokens.randomElement(using: &random) ?? [], at: at)
      case 1: text.removeSubrange(at..<upTo)
      case 2: text.insert(UInt8.random(in: 0...255, using: &random), at: at)
      case 3: text += corpus.randomElement(using: &random) ?? []
      case 4: text.insert(contentsOf: text[at..<upTo], at: Int.random(in: 0...text.count, using: &random))
      default: text.replaceSubrange(at..<upTo, with: Self.tokens.randomElement(using: &random) ?? [])
      }
    }
    return text.count > 20_000 ? Array(text.prefix(1000)) : text
  }

  private func load(_ text: [UInt8], _ other: [UInt8]) throws {
    let host = HostAccess(
      read: { path throws(HostAccess.Fault) in
        guard path.count < 40 else { throw HostAccess.Fault("there is no such file") }
        return path == "main" ? text : other
      }, run: { blocks throws(HostAccess.Fault) in blocks })
    let elements = Elements(host)
    do throws(FlexDataError) { try elements.collect("main", tolerant: true) } catch { check(error, text) }
    for name in elements.names {
      do throws(FlexDataError) {
        _ = try elements.lines(name)
        _ = try elements.text(name)
      } catch { check(error, text) }
    }
    if let document = try? Document(Source(name: "main", bytes: text)) {
      let printed = document.description
      let again = try Document(Source(name: "main", text: printed))
      #expect(again.description == printed, "\(String(decoding: text, as: UTF8.self).debugDescription)")
    }
  }

  private func check(_ error: FlexDataError, _ text: [UInt8]) {
    var isRight = !error.problems.isEmpty && error.suspension == nil && !error.description.isEmpty
    for problem in error.problems {
      guard let place = problem.place else {
        isRight = false
        continue
      }
      isRight = isRight && place.source.lines.indices.contains(place.line - 1)
      isRight = isRight && (1...place.text.count + 1).contains(place.column)
    }
    if !isRight { Issue.record("\(error) of \(String(decoding: text, as: UTF8.self).debugDescription)") }
  }
}

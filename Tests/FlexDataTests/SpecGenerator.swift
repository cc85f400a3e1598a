import TestSupport

/// Generates small spec trees that refer to, include and collect each other.
struct SpecGenerator {
  private var random: Seeded

  init(seed: UInt64) { random = Seeded(state: seed) }

  /// `main`, which collects some of the others.
  mutating func files() -> [String: String] {
    var files: [String: String] = [:]
    for file in 0..<6 { files[file == 0 ? "main" : "f\(file)"] = text(file) }
    files["main", default: ""] += Self.blocks + "[when *]\n[collect f1]"
    return files
  }

  /// The same with the blocks of each file in another order.
  mutating func shuffled(_ files: [String: String]) -> [String: String] {
    files.sorted { $0.key < $1.key }.reduce(into: [:]) { result, file in
      var blocks = file.value.split(separator: Self.blocks, omittingEmptySubsequences: true)
      blocks.shuffle(using: &random)
      result[file.key] = blocks.joined(separator: Self.blocks)
    }
  }

  /// Separates blocks, each of which begins with its section and condition.
  private static let blocks = "\n# ----\n"

  private mutating func text(_ file: Int) -> String {
    (0..<Int.random(in: 6...14, using: &random)).map { block(file, $0) }.joined(separator: Self.blocks)
  }

  private mutating func block(_ file: Int, _ number: Int) -> String {
    let section = pick(["s", "t/u", "e"])
    let condition = pick(["*", "*", "*", "*", "*", "*", "s/e0-0", "e/e1-1 is x", "t/u/e2-2 in x y"])
    var text =
      "[section \(section)]\n[when \(condition)]\n[option parse/\(pick(["strict", "strict", "lax"]))]\n"
      + "[option define/\(pick(["own", "own", "default"]))]\n"
    let name = "e\(file)-\(number)"
    switch Int.random(in: 0..<6, using: &random) {
    case 0: text += "\(name): [\n\(value())\n  \(value())\n$[[\(reference(":lax"))]]\n]"
    case 1 where file < 5 && number % 3 == 0: text += "[collect f\(file + 1)]"
    case 2 where file < 5 && number % 3 == 0:
      text += "[collect f\(Int.random(in: 1..<6, using: &random))\(pick(["", "$[\(reference(":zap"))]"]))]"
    case 3: text += "\(name): x"
    case 4: text += "\(name):  # blank"
    default: text += "\(name): \(value())"
    }
    return text
  }

  private mutating func value() -> String {
    pick([
      "x", "x y  z", "<$[\(reference(""))]>", "$[\(reference(":lax"))]", "a $[\(reference("?"))]",
      "$[\(reference(":zap"))] b", "$[:]", "# $[:e0-1:lax]",
    ])
  }

  private mutating func reference(_ mode: String) -> String {
    let element = "e\(Int.random(in: 0..<6, using: &random))-\(Int.random(in: 0..<6, using: &random))"
    return pick(["s/", "t/u/", "e/", ":"]) + element + mode
  }

  private mutating func pick(_ choices: [String]) -> String { choices.randomElement(using: &random) ?? "" }
}

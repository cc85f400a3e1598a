import FlexData
import Foundation
import Testing

/// A spec tree with every construct in its usual places, loaded as by builds.
@Suite("A spec tree")
struct TreeTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Fixtures/tree")

  private static let host = HostAccess(
    read: { path throws(HostAccess.Fault) in
      guard let data = FileManager.default.contents(atPath: "\(root.path)/\(path)") else {
        throw HostAccess.Fault("there is no such file")
      }
      return Array(data)
    },
    run: { blocks throws(HostAccess.Fault) in blocks.map { "[output of \($0.utf8.count) bytes of code]" } })

  static let targets = [
    "stage3 alpha x86 one full", "stage1 alpha x86 one quick", "stage1 alpha arm two full",
    "stage3 beta x86 one quick debug", "snapshot alpha x86 one - mail",
  ]

  @Test("every target's elements", arguments: targets)
  func target(words: String) throws {
    let parts = words.split(separator: " ").map(String.init)
    var pairs = [
      ("target", parts[0]), ("target/build", parts[1]), ("target/arch", parts[2]),
      ("target/subarch", parts[3]),
      ("target/version", "2026-11-22"),
    ]
    if parts[4] != "-" { pairs.append(("mode", parts[4])) }
    if parts.count > 5 { pairs.append(("report", parts[5])) }
    let elements = Elements(Self.host)
    try elements.define(pairs.map { (name: $0.0, value: $0.1) }, origin: "the command line")
    var text = ""
    let left = try elements.collect("start.conf", tolerant: true)
    for problem in left { text += "left out: \(problem)\n" }
    for name in elements.names { text += Self.shown(name, elements) }
    try Golden.expect(text, is: "tree-\(words.replacing(" ", with: "-"))")
  }

  private static func shown(_ name: String, _ elements: Elements) -> String {
    do throws(FlexDataError) {
      guard try elements.isMultiline(name) else {
        return try elements.text(name).map { "\(name): \($0)|\n" } ?? "\(name) vanishes\n"
      }
      return try elements.lines(name).map { "\(name): [\n\($0.map { "\($0)|\n" }.joined())]\n" } ?? ""
    } catch { return "\(name) is wrong: \(error)\n" }
  }

  @Test("a build must not ignore anything")
  func strict() throws {
    let elements = Elements(Self.host)
    let error = #expect(throws: FlexDataError.self) { try elements.collect("start.conf") }
    try Golden.expect("\(error.map { "\($0)" } ?? "")\n", is: "tree-without-target")
  }
}

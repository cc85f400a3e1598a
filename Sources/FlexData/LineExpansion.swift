/// The expansion of an element's lines.
struct LineExpansion {
  private(set) var result = Known<[String]>(value: [])
  private let expander: Expander
  private let definition: Definition
  private let isLax: Bool
  private var size = 0
  private var code: [HostCode] = []

  /// A `<?python` block: its output is inserted before a line of the result.
  private struct HostCode {
    let text: String
    let line: Int
    let place: Place
  }

  init(_ expander: Expander, _ definition: Definition, isLax: Bool) {
    self.expander = expander
    self.definition = definition
    self.isLax = isLax
  }

  mutating func expand(_ lines: ArraySlice<Substring>, from first: Int) throws(FlexDataError) {
    result.value.reserveCapacity(lines.count)
    var index = lines.startIndex
    while index < lines.endIndex {
      let line = lines[index]
      let place = Place(source: definition.place.source, line: first + index - lines.startIndex, column: 1)
      index += 1
      let word = Word.first(of: line)
      if let word, word.utf8.starts(with: "$[[".utf8), let name = Self.included(line.trimmed) {
        try include(name, place.moved(after: line[..<word.startIndex]))
      } else if word == "<?python" {
        let end = lines[index...].firstIndex { Word.first(of: $0) == "?>" }
        guard let end else {
          throw expander.error(
            "`<?python` is not closed", at: place, hint: "end it with a line that begins with `?>`")
        }
        let text = lines[index..<end].map { $0 + "\n" }.joined()
        code.append(HostCode(text: text, line: result.value.count, place: place))
        index = end + 1
      } else {
        let expanded = try expander.expand(line, section: definition.section, at: place, isLax: isLax)
        result.isCertain = result.isCertain && expanded.isCertain
        if let text = expanded.value { try append([text], place) }
      }
    }
    try runCode()
  }

  private mutating func append(_ lines: [String], _ place: Place) throws(FlexDataError) {
    size += lines.reduce(0) { $0 + $1.utf8.count + MemoryLayout<String>.size }
    try expander.check(size, at: place)
    result.value += lines
  }

  /// The text between `$[[` and `]]`, if there is nothing else on the line.
  private static func included(_ line: Substring) -> Substring? {
    guard line.utf8.count >= 5, line.hasSuffix("]]") else { return nil }
    let inner = Substring(line.utf8.dropFirst(3).dropLast(2))
    let isOne = !inner.utf8.contains(where: Word.isBlank) && !inner.contains("]]")
    return isOne ? inner : nil
  }

  /// `$[[name]]` on a line of its own: the lines of another element.
  private mutating func include(_ text: Substring, _ place: Place) throws(FlexDataError) {
    let name = try expander.expand(text, section: definition.section, at: place, isLax: isLax)
    result.isCertain = result.isCertain && name.isCertain
    guard let name = name.value else { return }
    let reference: Reference
    do throws(FlexDataError) {
      reference = try Reference(name[...], section: definition.section, at: place)
    } catch { throw error.through(expander.steps) }
    guard reference.mode == .strict || reference.mode == .lax else {
      throw expander.error(
        "only `:lax` is allowed for lines", at: place, hint: "write `$[[\(reference.name):lax]]`")
    }
    let isLax = isLax || reference.mode == .lax
    let target = try expander.definition(of: reference.name)
    result.isCertain = result.isCertain && target.isCertain
    guard let found = target.value else {
      guard isLax else { throw expander.undefined(reference.name, at: place) }
      return
    }
    guard found.isMultiline else {
      throw expander.error(
        "`\(reference.name)` is not a multi-line element", at: place, hint: "write `$[\(reference.name)]`")
    }
    let lines = try expander.lines(of: found, isLax: isLax)
    result.isCertain = result.isCertain && lines.isCertain
    try append(lines.value, place)
  }

  private mutating func runCode() throws(FlexDataError) {
    guard let first = code.first else { return }
    guard expander.runsCode else {
      expander.hasSkippedCode = true
      return
    }
    let outputs: [String]
    do throws(HostAccess.Fault) { outputs = try expander.host.run(code.map(\.text)) } catch {
      throw expander.error("`<?python`: \(error.message)", at: first.place)
    }
    var lines: [String] = []
    var taken = 0
    for (block, output) in zip(code, outputs) {
      lines += result.value[taken..<block.line]
      taken = block.line
      // As in Metro, the text after the last newline is a line too.
      lines += output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
    result.value = lines + result.value[taken...]
  }
}

/// Reads one text, line by line.
struct Parser {
  private var document: Document
  private var problems: [Problem] = []
  private var section: String?
  private var condition: Condition?
  private var isLax = false
  private var next = 0

  /// What a text says.
  ///
  /// - Throws: every malformed line of the text.
  static func parse(_ source: Source) throws(FlexDataError) -> Document {
    var parser = Parser(document: Document(source: source))
    while parser.next < source.lines.count {
      let line = source.lines[parser.next]
      parser.next += 1
      do throws(FlexDataError) { try parser.parse(line) } catch { parser.problems += error.problems }
    }
    guard parser.problems.isEmpty else { throw FlexDataError(parser.problems) }
    return parser.document
  }

  private init(document: Document) { self.document = document }

  private mutating func parse(_ line: Substring) throws(FlexDataError) {
    let words = Word.split(line)
    guard let first = words.first else { return }
    if first.text.hasPrefix("[") {
      try annotation(line, words)
    } else if first.text.hasSuffix(":") {
      try definition(line, words)
    } else {
      throw malformed(first, words)
    }
  }

  private func place(_ column: Int) -> Place { Place(source: document.source, line: next, column: column) }

  private func malformed(_ first: Word, _ words: [Word]) -> FlexDataError {
    if first.text == "]" {
      return FlexDataError("`]` closes nothing", at: place(first.column), hint: "remove the line")
    }
    if let colon = first.text.firstIndex(of: ":") {
      let name = first.text[..<colon]
      return FlexDataError(
        "no space follows the colon", at: place(first.column + name.count),
        hint: "write `\(name): \(first.text[colon...].dropFirst())`")
    }
    let hint = words.count > 1 && words[1].text == "[" ? "write `\(first.text): [`" : "write `NAME: VALUE`"
    return FlexDataError(
      "neither defines an element nor says anything else", at: place(first.column), hint: hint)
  }

  private mutating func definition(_ line: Substring, _ words: [Word]) throws(FlexDataError) {
    let own = words[0].text.dropLast()
    let start = place(words[0].column)
    if own.isEmpty && section == nil {
      throw FlexDataError(
        "`:` defines a section's own element, but there is none", at: start,
        hint: "put it below `[section NAME]`")
    }
    if let bad = own.firstIndex(where: { ":?[]$".contains($0) }) {
      let column = words[0].column + own.distance(from: own.startIndex, to: bad)
      throw FlexDataError(
        "`\(own[bad])` cannot be part of a name", at: place(column), hint: "choose another name")
    }
    let name = section.map { own.isEmpty ? $0 : "\($0)/\(own)" } ?? String(own)
    let value: Definition.Value
    if words.count == 2 && words[1].text == "[" {
      value = try lines(of: name, start)
    } else if words.count > 1 {
      let text = line[words[1].text.startIndex..<words[words.count - 1].text.endIndex]
      value = .line(String(text), place(words[1].column))
    } else {
      value = .line("", place(words[0].column + words[0].text.count))
    }
    document.items.append(
      .definition(
        Definition(
          name: name, section: section, value: value, condition: condition, isLax: isLax, place: start)))
  }

  /// Lines up to one whose only content is `]`.
  private mutating func lines(of name: String, _ start: Place) throws(FlexDataError) -> Definition.Value {
    let first = next
    let all = document.source.lines
    guard let end = all[first...].firstIndex(where: Word.isClosing) else {
      next = all.count
      throw FlexDataError("`\(name)` is not closed", at: start, hint: "end it by a line that is `]` alone")
    }
    next = end + 1
    return .lines(Array(all[first..<end]), first: first + 1)
  }

  private mutating func annotation(_ line: Substring, _ words: [Word]) throws(FlexDataError) {
    let start = place(words[0].column)
    guard let last = words.last, last.text.hasSuffix("]") else {
      throw FlexDataError("`[` is not closed", at: start, hint: "end the line by `]`")
    }
    // The brackets may stand alone or touch what they hold.
    let inner = line[words[0].text.startIndex..<last.text.endIndex].dropFirst().dropLast()
    let parts = Word.split(inner, from: words[0].column + 1, comments: false)
    guard let kind = parts.first else { throw FlexDataError("says nothing", at: start, hint: Self.known) }
    switch kind.text {
    case "section": try openSection(parts)
    case "when": condition = try parseCondition(parts.dropFirst(), after: kind)
    case "option": try setOption(parts)
    case "collect": try collect(parts)
    default:
      throw FlexDataError("`\(kind.text)` is no annotation", at: place(kind.column), hint: Self.known)
    }
  }

  private static let known = "there are section, when, option and collect"

  private mutating func openSection(_ parts: [Word]) throws(FlexDataError) {
    guard parts.count > 1 else {
      throw FlexDataError(
        "the section's name is missing", at: place(parts[0].column), hint: "write `[section NAME]`")
    }
    section = String(parts[1].text)
    condition = nil
    guard parts.count > 2 else { return }
    guard parts[2].text == "when" else {
      throw FlexDataError(
        "`when` is expected after the section's name", at: place(parts[2].column),
        hint: "write `[section \(parts[1].text) when CONDITION]`")
    }
    condition = try parseCondition(parts.dropFirst(3), after: parts[2])
  }

  private mutating func setOption(_ parts: [Word]) throws(FlexDataError) {
    switch parts.count == 2 ? parts[1].text : "" {
    case "parse/lax": isLax = true
    case "parse/strict": isLax = false
    default:
      throw FlexDataError(
        "there is no such option", at: place(parts[min(1, parts.count - 1)].column),
        hint: "there are parse/lax and parse/strict")
    }
  }

  private mutating func collect(_ parts: [Word]) throws(FlexDataError) {
    guard parts.count > 1 else {
      throw FlexDataError(
        "the file's path is missing", at: place(parts[0].column), hint: "write `[collect PATH]`")
    }
    var condition = self.condition
    if parts.count > 2 {
      guard parts[2].text == "when" else {
        throw FlexDataError(
          "`when` is expected after the path", at: place(parts[2].column),
          hint: "write `[collect \(parts[1].text) when CONDITION]`")
      }
      guard condition == nil else {
        throw FlexDataError(
          "a collect below `[when]` cannot have another condition", at: place(parts[2].column),
          hint: "end the other by `[when *]`")
      }
      condition = try parseCondition(parts.dropFirst(3), after: parts[2])
    }
    document.items.append(
      .collect(
        Collect(
          path: String(parts[1].text), section: section, condition: condition, place: place(parts[1].column)))
    )
  }

  /// A condition; nil for `*`.
  private func parseCondition(_ parts: ArraySlice<Word>, after when: Word) throws(FlexDataError) -> Condition?
  {
    let hint = "write `x`, `x is VALUE...` or `*`"
    guard let element = parts.first else {
      throw FlexDataError("the condition is missing", at: place(when.column), hint: hint)
    }
    if parts.count == 1 && element.text == "*" { return nil }
    let rest = parts.dropFirst()
    guard let word = rest.first else {
      return Condition(element: String(element.text), values: [], place: place(element.column))
    }
    guard ["is", "in"].contains(word.text), rest.count > 1 else {
      throw FlexDataError("this is no condition", at: place(word.column), hint: hint)
    }
    return Condition(
      element: String(element.text), values: rest.dropFirst().map { String($0.text) },
      place: place(element.column))
  }
}

/// A word of a line, and its column from 1 in characters.
struct Word {
  let text: Substring
  let column: Int

  /// The words of a line; one that begins with `#` ends it.
  static func split(_ line: Substring, from first: Int = 1, comments: Bool = true) -> [Word] {
    var words: [Word] = []
    var column = first
    var index = line.startIndex
    while index < line.endIndex {
      if isBlank(line[index]) {
        index = line.index(after: index)
        column += 1
        continue
      }
      if comments && line[index] == "#" { break }
      let start = (index, column)
      while index < line.endIndex && !isBlank(line[index]) {
        index = line.index(after: index)
        column += 1
      }
      words.append(Word(text: line[start.0..<index], column: start.1))
    }
    return words
  }

  static func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }

  /// Whether a line holds nothing but `]`.
  static func isClosing(_ line: Substring) -> Bool {
    // By bytes: this is asked of every line of every script.
    var rest = line.utf8.drop { $0 == 0x20 || $0 == 0x09 }
    guard rest.popFirst() == 0x5d else { return false }
    return rest.allSatisfy { $0 == 0x20 || $0 == 0x09 }
  }
}

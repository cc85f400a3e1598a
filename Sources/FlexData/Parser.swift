/// Parses one text, line by line.
struct Parser {
  private(set) var items: [Document.Item] = []
  private(set) var problems: [Problem] = []
  private let source: Source
  private var section: String?
  private var condition: Condition?
  private var (isLax, isDefault) = (false, false)
  /// Number of lines read.
  private var count = 0

  init(_ source: Source) { self.source = source }

  mutating func run() {
    while count < source.lines.count {
      count += 1
      do throws(FlexDataError) { try parse(Line(source: source, number: count)) } catch {
        problems += error.problems
      }
    }
  }

  private mutating func parse(_ line: Line) throws(FlexDataError) {
    guard let first = Word.first(of: line.text), first.utf8.first != UInt8(ascii: "#") else { return }
    if first.utf8.first == UInt8(ascii: "[") {
      try obey(Annotation(line))
    } else if first.utf8.last == UInt8(ascii: ":") {
      try define(first, line)
    } else {
      throw malformed(first, line)
    }
  }

  private mutating func obey(_ annotation: Annotation) throws(FlexDataError) {
    switch annotation {
    case .section(let name, let condition): (section, self.condition) = (name, condition)
    case .when(let condition): self.condition = condition
    case .option(.lax(let isLax)): self.isLax = isLax
    case .option(.default(let isDefault)): self.isDefault = isDefault
    case .collect(let path, let place, let own, let when):
      if let when, condition != nil {
        throw FlexDataError(
          "a collect below `[when]` cannot have another condition", at: when,
          hint: "end the other with `[when *]`")
      }
      items.append(
        .collect(Collect(path: path, section: section, condition: own ?? condition, place: place)))
    }
  }

  private mutating func define(_ first: Substring, _ line: Line) throws(FlexDataError) {
    let own = first.dropLast()
    let value = try value(after: first, line)
    if let bad = ElementName.flaw(in: own) {
      throw FlexDataError(
        "`\(own[bad])` cannot be part of a name", at: line.place(at: bad), hint: "choose another name")
    }
    if own.isEmpty && section == nil {
      throw FlexDataError(
        "`:` defines the element of a section, but there is no section", at: line.place(of: first),
        hint: "put it below `[section NAME]`")
    }
    items.append(
      .definition(
        Definition(
          name: section.map { own.isEmpty ? $0 : "\($0)/\(own)" } ?? String(own), section: section,
          value: value, condition: condition, isLax: isLax, isDefault: isDefault,
          place: line.place(of: first))))
  }

  private mutating func value(after first: Substring, _ line: Line) throws(FlexDataError) -> Definition.Value
  {
    let words = Word.split(line.text[first.endIndex...], comments: true)
    if words == ["["] { return try lines(of: first, line) }
    guard let start = words.first, let last = words.last else {
      return .line(line.text[first.endIndex..<first.endIndex], line.place(at: first.endIndex))
    }
    return .line(line.text[start.startIndex..<last.endIndex], line.place(of: start))
  }

  /// Reads lines up to one that contains only `]`.
  private mutating func lines(of first: Substring, _ line: Line) throws(FlexDataError) -> Definition.Value {
    let rest = source.lines[count...]
    guard let end = rest.firstIndex(where: Self.isClosing) else {
      count = source.lines.count
      throw FlexDataError(
        "the lines of `\(first)` are not closed", at: line.place(of: first),
        hint: "end them with a line that contains only `]`")
    }
    defer { count = end + 1 }
    return .lines(rest[..<end], first: count + 1)
  }

  private static func isClosing(_ line: Substring) -> Bool {
    // By bytes: this is called for every line of every script.
    var rest = line.utf8.drop(while: Word.isBlank)
    return rest.popFirst() == UInt8(ascii: "]") && rest.allSatisfy(Word.isBlank)
  }

  private func malformed(_ first: Substring, _ line: Line) -> FlexDataError {
    let start = line.place(of: first)
    if first == "]" { return FlexDataError("`]` has no matching `[`", at: start, hint: "remove the line") }
    if let colon = first.utf8.firstIndex(of: UInt8(ascii: ":")) {
      return FlexDataError(
        "there is no space after the colon", at: line.place(at: colon),
        hint: "write `\(first[...colon]) \(Substring(first.utf8[colon...].dropFirst()))`")
    }
    let opens = Word.first(of: line.text[first.endIndex...]) == "["
    return FlexDataError(
      "this is neither a definition nor an annotation", at: start,
      hint: opens ? "write `\(first): [`" : "write `NAME: VALUE`")
  }
}

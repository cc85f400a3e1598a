/// Replaces references by what they refer to, each element once.
final class Expander {
  /// A result, and whether it holds whatever else will be defined.
  struct Known<Value> {
    var value: Value
    var isCertain = true
  }

  /// Elements refer to elements, and those to others, no deeper than this.
  static let depth = 250

  private unowned let elements: Elements
  private var texts: [Key: Known<String?>] = [:]
  private var multis: [Key: Known<[String]>] = [:]
  private var chain: [Problem.Step] = []

  private struct Key: Hashable {
    let name: String
    let isLax: Bool
  }

  init(_ elements: Elements) { self.elements = elements }

  /// Forgets what another definition may change.
  func forget() {
    texts = elements.isComplete ? [:] : texts.filter { $0.value.isCertain }
    multis = elements.isComplete ? [:] : multis.filter { $0.value.isCertain }
  }

  // MARK: which definition counts

  /// The definition that counts; nil if none does.
  func definition(of name: String) throws(FlexDataError) -> Known<Definition?> {
    guard let entry = elements.definitions[name] else { return Known(value: nil, isCertain: false) }
    if let always = entry.always { return Known(value: always) }
    var (found, isCertain): (Definition?, Bool) = (nil, false)
    for definition in entry.conditional {
      guard let condition = definition.condition else { continue }
      let holds = try entering(name, definition.place) { () throws(FlexDataError) in try self.holds(condition)
      }
      guard holds.value else { continue }
      if let found {
        throw error(
          "`\(name)` has two values whose conditions hold: the other is in \(found.place)",
          at: definition.place, hint: "let one condition exclude the other")
      }
      (found, isCertain) = (definition, holds.isCertain)
    }
    return Known(value: found, isCertain: isCertain)
  }

  /// Whether a condition holds as things are.
  func holds(_ condition: Condition) throws(FlexDataError) -> Known<Bool> {
    let definition = try definition(of: condition.element)
    guard definition.value != nil else { return Known(value: false, isCertain: false) }
    if condition.values.isEmpty { return Known(value: true, isCertain: definition.isCertain) }
    let text = try text(of: condition.element, isLax: false)
    return Known(
      value: text.value.map(condition.values.contains) ?? false,
      isCertain: definition.isCertain && text.isCertain)
  }

  // MARK: expansion

  /// An element's text in one line; nil if it vanishes.
  func text(of name: String, isLax: Bool, at place: Place? = nil) throws(FlexDataError) -> Known<String?> {
    let key = Key(name: name, isLax: isLax)
    if let known = texts[key] { return known }
    let definition = try definition(of: name)
    guard let found = definition.value else { throw undefined(name, at: place) }
    var result = try entering(name, found.place) { () throws(FlexDataError) in
      switch found.value {
      case .line(let text, let start): try line(text, start, found, isLax)
      case .lines(let lines, let first):
        // One line of a list: words of several lines.
        try expand(
          lines.map(Self.trimmed).joined(separator: " ")[...].trimmed, section: found.section,
          at: Place(source: found.place.source, line: first, column: 1), isLax: isLax || found.isLax)
      }
    }
    result.isCertain = result.isCertain && definition.isCertain
    texts[key] = result
    return result
  }

  /// The value of a single-line element, which may be that of a file: `<< path`.
  private func line(
    _ text: String, _ start: Place, _ definition: Definition, _ isLax: Bool
  ) throws(FlexDataError) -> Known<String?> {
    let words = Word.split(text[...], comments: false)
    let isFile = words.count == 2 && words[0].text == "<<"
    var result = try expand(
      isFile ? words[1].text : text[...], section: definition.section,
      at: isFile ? start.moved(to: start.column + words[1].column - 1) : start,
      isLax: isLax || definition.isLax)
    guard isFile, let path = result.value else { return result }
    do throws(HostAccess.Fault) {
      let resolved = Path.resolve(path, from: definition.place.source.directory)
      let lines = try elements.host.source(resolved).lines
      let end = lines.lastIndex { !$0.isEmpty }.map { $0 + 1 } ?? 0
      result.value = lines[..<end].joined(separator: " ")
      return result
    } catch { throw self.error("\(path): \(error.message)", at: start, hint: "check the path") }
  }

  /// An element's lines.
  func lines(of name: String, isLax: Bool) throws(FlexDataError) -> Known<[String]> {
    let key = Key(name: name, isLax: isLax)
    if let known = multis[key] { return known }
    let definition = try definition(of: name)
    guard let found = definition.value, case .lines(let lines, let first) = found.value else {
      return Known(value: [], isCertain: false)
    }
    var result = try entering(name, found.place) { () throws(FlexDataError) in
      try expand(lines, from: first, found, isLax: isLax || found.isLax)
    }
    result.isCertain = result.isCertain && definition.isCertain
    multis[key] = result
    return result
  }

  private func expand(
    _ lines: [Substring], from first: Int, _ definition: Definition, isLax: Bool
  ) throws(FlexDataError) -> Known<[String]> {
    var result = Known<[String]>(value: [])
    var code = HostCode()
    var index = 0
    while index < lines.count {
      let line = lines[index]
      let place = Place(source: definition.place.source, line: first + index, column: 1)
      index += 1
      let trimmed = Self.trimmed(line)
      if trimmed.hasPrefix("$[["), trimmed.hasSuffix("]]") {
        let included = try include(trimmed.dropFirst(3).dropLast(2), line, definition, place, isLax)
        result.value += included.value
        result.isCertain = result.isCertain && included.isCertain
      } else if Word.split(trimmed, comments: false).first?.text == "<?python" {
        guard
          let end = lines[index...].firstIndex(where: { Word.split($0, comments: false).first?.text == "?>" })
        else {
          throw error("`<?python` is not closed", at: place, hint: "end it by a line that begins with `?>`")
        }
        code.add(lines[index..<end], before: result.value.count, place)
        index = end + 1
      } else {
        let expanded = try expand(line, section: definition.section, at: place, isLax: isLax)
        if let text = expanded.value { result.value.append(text) }
        result.isCertain = result.isCertain && expanded.isCertain
      }
    }
    return try run(code, into: result)
  }

  /// `$[[name]]` alone on a line: the lines of another element.
  private func include(
    _ text: Substring, _ line: Substring, _ definition: Definition, _ place: Place, _ isLax: Bool
  ) throws(FlexDataError) -> Known<[String]> {
    let here = place.moved(to: line.prefix(while: Word.isBlank).count + 1)
    let name = try expand(text, section: definition.section, at: here, isLax: isLax)
    guard let text = name.value else { return Known(value: [], isCertain: name.isCertain) }
    let reference = try Reference(text[...], section: definition.section, at: here)
    guard reference.mode == .strict || reference.mode == .lax else {
      throw error("only `:lax` can be asked of lines", at: here, hint: "write `$[[\(reference.name):lax]]`")
    }
    let isLax = isLax || reference.mode == .lax
    let target = try self.definition(of: reference.name)
    guard let found = target.value else {
      guard isLax else { throw undefined(reference.name, at: here) }
      return Known(value: [], isCertain: false)
    }
    guard case .lines = found.value else {
      throw error(
        "`\(reference.name)` is no element of several lines", at: here, hint: "write `$[\(reference.name)]`")
    }
    var lines = try lines(of: reference.name, isLax: isLax)
    lines.isCertain = lines.isCertain && name.isCertain
    return lines
  }

  /// A text with its references replaced; nil if it vanishes.
  func expand(
    _ text: Substring, section: String?, at place: Place, isLax: Bool = false
  ) throws(FlexDataError) -> Known<String?> {
    let template: Template
    do throws(FlexDataError) { template = try Template(text, section: section, at: place) } catch {
      throw FlexDataError(
        error.problems.map { Problem(message: $0.message, place: $0.place, hint: $0.hint, chain: steps) })
    }
    var result = ""
    var isCertain = true
    for part in template.parts {
      switch part {
      case .text(let text): result += text
      case .reference(let reference):
        let known = try replacement(of: reference, isLax)
        isCertain = isCertain && known.isCertain
        guard let value = known.value else { return Known(value: nil, isCertain: isCertain) }
        result += value
      }
    }
    return Known(value: result, isCertain: isCertain)
  }

  private func replacement(of reference: Reference, _ isLax: Bool) throws(FlexDataError) -> Known<String?> {
    let definition = try definition(of: reference.name)
    if reference.mode == .question {
      return Known(
        value: definition.value.map { $0.isBlank ? "no" : "yes" } ?? "no", isCertain: definition.isCertain)
    }
    guard definition.value != nil else {
      if reference.mode == .zap { return Known(value: nil, isCertain: false) }
      if isLax || reference.mode == .lax { return Known(value: "", isCertain: false) }
      throw undefined(reference.name, at: reference.place)
    }
    var known = try text(of: reference.name, isLax: isLax || reference.mode == .lax, at: reference.place)
    if reference.mode == .zap, known.value?.isEmpty == true { known.value = nil }
    return known
  }

  // MARK: code of the host

  private struct HostCode {
    var blocks: [(code: String, line: Int, place: Place)] = []

    mutating func add(_ lines: ArraySlice<Substring>, before line: Int, _ place: Place) {
      blocks.append((lines.map { $0 + "\n" }.joined(), line, place))
    }
  }

  private func run(_ code: HostCode, into lines: Known<[String]>) throws(FlexDataError) -> Known<[String]> {
    guard let first = code.blocks.first else { return lines }
    let outputs: [String]
    do throws(HostAccess.Fault) { outputs = try elements.host.run(code.blocks.map(\.code)) } catch {
      throw self.error("`<?python`: \(error.message)", at: first.place)
    }
    var result = lines
    for (block, output) in zip(code.blocks, outputs).reversed() {
      // As Metro: what follows the last newline is a line too.
      let printed = output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      result.value.insert(contentsOf: printed, at: block.line)
    }
    return result
  }

  // MARK: errors

  private var steps: [Problem.Step] { chain.reversed() }

  private func error(_ message: String, at place: Place?, hint: String? = nil) -> FlexDataError {
    FlexDataError(message, at: place, hint: hint, through: steps)
  }

  private func undefined(_ name: String, at place: Place?) -> FlexDataError {
    let near = Spelling.nearest(to: name, in: elements.definitions.keys)
    var problem = Problem(
      message: "`\(name)` is not defined", place: place, hint: near.map { "did you mean `\($0)`?" },
      chain: steps)
    problem.isUndefined = true
    return FlexDataError([problem])
  }

  /// Runs `body` as a part of an element's expansion.
  private func entering<Result>(
    _ name: String, _ place: Place, _ body: () throws(FlexDataError) -> Result
  ) throws(FlexDataError) -> Result {
    if let start = chain.firstIndex(where: { $0.name == name }) {
      let circle = chain[start...].map(\.name) + [name]
      throw error(
        "`\(name)` refers to itself: \(circle.joined(separator: " -> "))", at: place, hint: "break the circle"
      )
    }
    guard chain.count < Self.depth else {
      throw error("references go deeper than \(Self.depth)", at: place, hint: "simplify them")
    }
    chain.append(Problem.Step(name: name, place: place))
    defer { chain.removeLast() }
    return try body()
  }

  private static func trimmed(_ line: Substring) -> Substring { line.trimmed }
}

extension Substring {
  var trimmed: Substring {
    var rest = self
    while let first = rest.utf8.first, first == 0x20 || first == 0x09 { rest.removeFirst() }
    while let last = rest.utf8.last, last == 0x20 || last == 0x09 { rest.removeLast() }
    return rest
  }
}

extension Definition {
  /// Whether there is nothing in its text.
  var isBlank: Bool {
    switch value {
    case .line(let text, _): text.isEmpty
    case .lines(let lines, _): lines.allSatisfy { $0.trimmed.isEmpty }
    }
  }
}

/// Replaces references by the text of elements, expanding each element once.
final class Expander {
  typealias Chain = [(name: String, place: Place)]

  /// Maximum depth of references.
  static let depth = 1000
  /// Maximum number of levels that use recursion: threads have small stacks.
  static let levels = 20
  /// Maximum size of an expanded element in bytes.
  static let size = 64 << 20

  let host: HostAccess
  /// All definitions.
  var definitions: [String: Definitions] = [:]
  /// Whether messages suggest names, which requires a look at all of them.
  var givesHints = true
  /// Whether `<?python` blocks are run; otherwise their output is taken to be empty.
  var runsCode = true
  /// Whether a block was not run.
  var hasSkippedCode = false
  private var chosen = Memo<String, Definition?>()
  private var texts = Memo<Key, String?>()
  private var lines = Memo<Key, [String]>()
  private var chain: Chain = []
  /// The position in the chain at which the recursion started.
  private var base = 0

  private struct Key: Hashable {
    let name: String
    let isLax: Bool
  }

  init(_ host: HostAccess) { self.host = host }

  /// Discards results that another definition may change.
  func forgetProvisional() {
    chosen.forgetProvisional()
    texts.forgetProvisional()
    lines.forgetProvisional()
  }

  /// Discards all results.
  func forgetAll() { (chosen, texts, lines) = (Memo(), Memo(), Memo()) }

  /// Calls `body` without running code; its errors are ignored if they may be due to that.
  func withoutCode(_ body: () throws(FlexDataError) -> Void) throws(FlexDataError) {
    (runsCode, hasSkippedCode) = (false, false)
    defer {
      runsCode = true
      if hasSkippedCode { forgetAll() }
    }
    do throws(FlexDataError) { try body() } catch {
      // The output of the code may be what is missing.
      if !hasSkippedCode { throw error }
    }
  }

  /// Calls `body` with this expander's results, in parts if references are deeply nested.
  func run<Result>(_ body: () throws(FlexDataError) -> Result) throws(FlexDataError) -> Result {
    defer { (chain, base) = ([], 0) }
    var suspended: [Suspension] = []
    while true {
      (chain, base) = (suspended.last?.chain ?? [], suspended.last?.chain.count ?? 0)
      do throws(FlexDataError) {
        switch suspended.last?.part {
        case nil: return try body()
        case .choice(let name): _ = try definition(of: name)
        case .text(let definition, let isLax): _ = try text(of: definition, isLax: isLax)
        case .lines(let definition, let isLax): _ = try lines(of: definition, isLax: isLax)
        }
        suspended.removeLast()
      } catch {
        guard let suspension = error.suspension else { throw error }
        suspended.append(suspension)
      }
    }
  }

  /// The definition that counts; nil if there is none.
  func definition(of name: String) throws(FlexDataError) -> Known<Definition?> {
    guard let all = definitions[name] else { return Known(value: nil, isCertain: false) }
    if let always = all.own.always { return Known(value: always) }
    if let known = chosen[name] { return known }
    var found = try choice(of: name, from: all.own.conditional)
    if found.value == nil {
      found = try choice(of: name, from: all.fallback.conditional)
      if found.value == nil { found.value = all.fallback.always }
      found.isCertain = false
    }
    chosen[name] = found
    return found
  }

  /// The definition whose condition holds.
  private func choice(of name: String, from definitions: [Definition]) throws(FlexDataError)
    -> Known<Definition?>
  {
    var found = Known<Definition?>(value: nil)
    for definition in definitions {
      guard let condition = definition.condition else { continue }
      try enter(name, definition.place, .choice(of: name))
      defer { leave() }
      let holds = try holds(condition)
      found.isCertain = found.isCertain && holds.isCertain
      guard holds.value else { continue }
      if let other = found.value {
        throw error(
          "`\(name)` has two values whose conditions hold: the other is in \(other.place)",
          at: definition.place, hint: "make the conditions mutually exclusive")
      }
      found.value = definition
    }
    return found
  }

  /// Whether a condition holds at present.
  func holds(_ condition: Condition) throws(FlexDataError) -> Known<Bool> {
    let definition = try definition(of: condition.element)
    guard let found = definition.value else { return Known(value: false, isCertain: false) }
    if condition.values.isEmpty { return Known(value: true, isCertain: definition.isCertain) }
    let text = try text(of: found, isLax: false)
    return Known(
      value: text.value.map(condition.holds(for:)) ?? false,
      isCertain: definition.isCertain && text.isCertain)
  }

  /// An element's text in one line; nil if it is removed.
  func text(of definition: Definition, isLax: Bool) throws(FlexDataError) -> Known<String?> {
    let key = Key(name: definition.name, isLax: isLax)
    if let known = texts[key] { return known }
    let result: Known<String?>
    switch definition.value {
    case .lines:
      let known = try lines(of: definition, isLax: isLax)
      let words = known.value.map { $0[...].trimmed }.joined(separator: " ")
      result = Known(value: String(words[...].trimmed), isCertain: known.isCertain)
    case .line(let text, let start):
      try enter(definition.name, definition.place, .text(definition, isLax: isLax))
      defer { leave() }
      let isLax = isLax || definition.isLax
      result =
        try text.utf8.starts(with: "<<".utf8)
        ? file(text, start, definition, isLax)
        : expand(text, section: definition.section, at: start, isLax: isLax)
    }
    texts[key] = result
    return result
  }

  /// `<< path`: the text of a file.
  private func file(
    _ text: Substring, _ start: Place, _ definition: Definition, _ isLax: Bool
  ) throws(FlexDataError) -> Known<String?> {
    let words = Word.split(text, comments: false)
    guard words.count == 2, words[0] == "<<" else {
      return try expand(text, section: definition.section, at: start, isLax: isLax)
    }
    let place = start.moved(after: text[..<words[1].startIndex])
    let path = try expand(words[1], section: definition.section, at: place, isLax: isLax)
    guard let name = path.value else { return path }
    do throws(FlexDataError) {
      let directory = definition.place.source.directory
      let lines = try host.source(Path.resolve(name, from: directory), at: place).lines
      let end = lines.lastIndex { !$0.isEmpty }.map { $0 + 1 } ?? 0
      return Known(value: lines[..<end].joined(separator: " "), isCertain: path.isCertain)
    } catch { throw error.through(steps) }
  }

  /// An element's lines; a single-line element has one line, or none if it is removed.
  func lines(of definition: Definition, isLax: Bool) throws(FlexDataError) -> Known<[String]> {
    guard case .lines(let lines, let first) = definition.value else {
      let text = try text(of: definition, isLax: isLax)
      return Known(value: text.value.map { [$0] } ?? [], isCertain: text.isCertain)
    }
    let key = Key(name: definition.name, isLax: isLax)
    if let known = self.lines[key] { return known }
    try enter(definition.name, definition.place, .lines(definition, isLax: isLax))
    defer { leave() }
    var block = LineExpansion(self, definition, isLax: isLax || definition.isLax)
    try block.expand(lines, from: first)
    self.lines[key] = block.result
    return block.result
  }

  /// A text with its references replaced; nil if it is removed.
  func expand(
    _ text: Substring, section: String?, at place: Place, isLax: Bool = false
  ) throws(FlexDataError) -> Known<String?> {
    // Most lines contain no reference.
    guard Template.reference(in: text) != nil else { return Known(value: String(text)) }
    var template = Template(text, section: section, at: place)
    var result = ""
    var isCertain = true
    while let part = try next(of: &template) {
      switch part {
      case .text(let text): result += text
      case .reference(let reference, let index):
        let known = try replacement(of: reference, template, index, isLax)
        isCertain = isCertain && known.isCertain
        guard let value = known.value else { return Known(value: nil, isCertain: isCertain) }
        result += value
        try check(result.utf8.count, at: place)
      }
    }
    return Known(value: result, isCertain: isCertain)
  }

  private func next(of template: inout Template) throws(FlexDataError) -> Template.Part? {
    do throws(FlexDataError) { return try template.next() } catch { throw error.through(steps) }
  }

  private func replacement(
    of reference: Reference, _ template: Template, _ index: Substring.Index, _ isLax: Bool
  ) throws(FlexDataError) -> Known<String?> {
    let definition = try definition(of: reference.name)
    if reference.mode == .question {
      return Known(
        value: definition.value.map { $0.isBlank ? "no" : "yes" } ?? "no", isCertain: definition.isCertain)
    }
    guard let found = definition.value else {
      if reference.mode == .zap { return Known(value: nil, isCertain: false) }
      if isLax || reference.mode == .lax { return Known(value: "", isCertain: false) }
      throw undefined(reference.name, at: template.place(at: index))
    }
    var known = try text(of: found, isLax: isLax || reference.mode == .lax)
    if reference.mode == .zap, known.value?[...].trimmed.isEmpty == true { known.value = nil }
    return known.and(definition.isCertain)
  }

  /// Rejects endless growth.
  func check(_ size: Int, at place: Place) throws(FlexDataError) {
    guard size > Self.size else { return }
    throw error("this expands to more than \(Self.size >> 20) MiB", at: place, hint: "refer to less")
  }

  /// The chain of expansions up to the present one, the nearest first.
  var steps: [Problem.Step] { chain.reversed().map { .element($0.name, $0.place) } }

  func error(_ message: String, at place: Place, hint: String? = nil) -> FlexDataError {
    FlexDataError(message, at: place, hint: hint, through: steps)
  }

  func undefined(_ name: String, at place: Place) -> FlexDataError {
    FlexDataError([
      Problem(
        message: "`\(name)` is not defined", place: place, hint: givesHints ? hint(for: name) : nil,
        chain: steps, missing: name)
    ])
  }

  /// Why a name is not defined: its conditions do not hold, or it is misspelled.
  private func hint(for name: String) -> String? {
    if let all = definitions[name], let first = (all.own.conditional + all.fallback.conditional).first,
      let condition = first.condition
    {
      return "no condition of its definitions is true, such as `\(condition.text)` in \(first.place)"
    }
    return Spelling.nearest(to: name, in: definitions.keys).map { "did you mean `\($0)`?" }
  }

  /// Begins a part of an element's expansion.
  private func enter(_ name: String, _ place: Place, _ part: Suspension.Part) throws(FlexDataError) {
    if let start = chain.firstIndex(where: { $0.name == name }) {
      let circle = (chain[start...].map(\.name) + [name]).shortened { "(\($0) more)" }
      throw error(
        "`\(name)` refers to itself: \(circle.joined(separator: " -> "))", at: place, hint: "remove the cycle"
      )
    }
    guard chain.count < Self.depth else {
      throw error("references are nested deeper than \(Self.depth)", at: place, hint: "simplify them")
    }
    guard chain.count - base < Self.levels else { throw FlexDataError(Suspension(chain: chain, part: part)) }
    chain.append((name, place))
  }

  private func leave() { chain.removeLast() }
}

/// Dependencies with conditions on USE flags, as in ebuilds (Package Manager Specification, 8.2).
package enum DependencyText {
  /// A word, or what is in brackets.
  private indirect enum Node {
    case word(String)
    case group([Node])

    var isChoice: Bool { if case .word("||") = self { true } else { false } }
  }

  /// The maximum number of nested brackets.
  private static let depth = 64

  /// The text for a package that was built with these flags, in the normal form that Portage writes: without
  /// conditions, and without brackets that change nothing.
  ///
  /// - Parameter hasAtoms: whether words are packages, whose own conditions are resolved too.
  /// - Returns: nil if the text is malformed.
  package static func reduced(_ text: String, with flags: Set<String>, hasAtoms: Bool) -> String? {
    // The contents of the open brackets, outermost first.
    var levels: [[Node]] = [[]]
    var needsBracket = false
    for token in text.split(whereSeparator: \.isWhitespace).map(String.init) {
      switch token {
      case "(":
        guard levels.count <= depth else { return nil }
        needsBracket = false
        levels.append([])
      case ")":
        guard !needsBracket, levels.count > 1 else { return nil }
        close(&levels, flags)
      default:
        guard !needsBracket, !token.hasPrefix("("), !token.hasSuffix(")") || hasAtoms && token.contains("[")
        else { return nil }
        needsBracket = token == "||" || token.hasSuffix("?")
        let isWord = !needsBracket && hasAtoms
        levels[levels.count - 1].append(.word(isWord ? atom(token, with: flags) : token))
      }
    }
    guard !needsBracket, levels.count == 1 else { return nil }
    return written(levels[0])
  }

  /// Closes the innermost bracket, and adds its content to the one around it.
  private static func close(_ levels: inout [[Node]], _ flags: Set<String>) {
    let content = levels.removeLast()
    let top = levels.count - 1
    var isDropped = content.isEmpty
    if case .word(let opener) = levels[top].last {
      if opener == "||", content.isEmpty {
        levels[top].removeLast()
      } else if opener.hasSuffix("?") {
        levels[top].removeLast()
        if !isActive(opener, flags) { isDropped = true }
      }
    }
    guard !isDropped else { return }
    let isChoice = levels[top].last?.isChoice ?? false
    let isInChoice = top > 0 && levels[top - 1].last?.isChoice ?? false
    let isSingle = content.count == 1 || content.count == 2 && content[0].isChoice
    if !isChoice, !isInChoice {
      levels[top] += content
    } else if levels[top].isEmpty {
      add(content, isSingle, &levels)
    } else if isSingle, isChoice {
      levels[top].removeLast()
      add(content, isSingle, &levels)
    } else if isChoice, isInChoice {
      levels[top].removeLast()
      levels[top] += content
    } else {
      add(content, isSingle, &levels)
    }
  }

  /// Adds a group, without its brackets if they change nothing.
  private static func add(_ content: [Node], _ isSingle: Bool, _ levels: inout [[Node]]) {
    let top = levels.count - 1
    guard isSingle else { return levels[top].append(.group(content)) }
    let isInChoice = top > 0 && levels[top - 1].last?.isChoice ?? false
    if content[0].isChoice, isInChoice, content.count == 2, case .group(let inner) = content[1] {
      levels[top] += inner
    } else if content.count == 1, case .group(let inner) = content[0] {
      if appliesChoice(levels) { levels[top].append(content[0]) } else { levels[top] += inner }
    } else {
      levels[top] += content
    }
  }

  /// Whether a choice applies to the innermost bracket: only conditions and empty brackets are between them.
  private static func appliesChoice(_ levels: [[Node]]) -> Bool {
    for level in levels.dropLast().reversed() {
      guard case .word(let word) = level.last else { continue }
      if word == "||" { return true }
      if !word.hasSuffix("?") { return false }
    }
    return false
  }

  private static func isActive(_ condition: String, _ flags: Set<String>) -> Bool {
    let flag = condition.dropLast()
    return flag.hasPrefix("!") ? !flags.contains(String(flag.dropFirst())) : flags.contains(String(flag))
  }

  private static func written(_ nodes: [Node]) -> String {
    // Not recursive: the depth was limited when the text was read.
    var words: [String] = []
    var waiting: [Node] = nodes.reversed()
    while let node = waiting.popLast() {
      switch node {
      case .word(let word): words.append(word)
      case .group(let inner):
        words.append("(")
        waiting.append(.word(")"))
        waiting += inner.reversed()
      }
    }
    return words.joined(separator: " ")
  }

  /// A package with the conditions of its own USE flags resolved: `a/b[c?]` as `a/b[c]`, or as `a/b`.
  private static func atom(_ text: String, with flags: Set<String>) -> String {
    guard text.hasSuffix("]"), let start = text.firstIndex(of: "[") else { return text }
    let conditions = text[text.index(after: start)...].dropLast().split(separator: ",").compactMap {
      condition($0, with: flags)
    }
    return conditions.isEmpty
      ? String(text[..<start]) : "\(text[..<start])[\(conditions.joined(separator: ","))]"
  }

  private static func condition(_ text: Substring, with flags: Set<String>) -> String? {
    guard let mark = text.last, mark == "?" || mark == "=" else { return String(text) }
    let isNegated = text.hasPrefix("!")
    let rest = text.dropLast().drop { $0 == "!" }
    let isSet = flags.contains(String(rest.prefix { $0 != "(" }))
    if mark == "=" { return isSet != isNegated ? String(rest) : "-\(rest)" }
    guard isSet != isNegated else { return nil }
    return isNegated ? "-\(rest)" : String(rest)
  }
}

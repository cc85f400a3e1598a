import ArgumentParser

/// Help and usage errors, in lines that fit a terminal.
enum UsageText {
  /// In narrower terminals, the columns of the parser's help do not fit.
  private static let minimum = 40
  /// The length of `USAGE: `, by which further lines are indented.
  private static let indent = 7

  /// The text for an error, or the help that was asked for.
  static func text(for error: any Error, columns: Int) -> String {
    let columns = max(columns, minimum)
    return wrapped(Mirrorctl.fullMessage(for: error, columns: columns), to: columns)
  }

  /// Breaks the lines of usage, which the parser does not break.
  static func wrapped(_ text: String, to columns: Int) -> String {
    var isUsage = false
    var lines: [String] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      let isFirst = line.hasPrefix("USAGE: ") || line.hasPrefix("Usage: ")
      isUsage = isFirst || isUsage && line.hasPrefix(String(repeating: " ", count: indent))
      lines += isUsage ? broken(line, to: columns) : [String(line)]
    }
    return lines.joined(separator: "\n")
  }

  private static func broken(_ line: Substring, to columns: Int) -> [String] {
    var lines = [String(line.prefix(indent))]
    for unit in units(line.dropFirst(indent)) {
      let last = lines.removeLast()
      let isStart = last.count <= indent
      if isStart || last.count + 1 + unit.count <= columns {
        lines.append(isStart ? last + unit : "\(last) \(unit)")
      } else {
        lines += [last, String(repeating: " ", count: indent + 2) + unit]
      }
    }
    return lines
  }

  /// The words of a usage, each option with its value.
  private static func units(_ usage: Substring) -> [String] {
    var (units, previous): ([String], Substring) = ([], "")
    for word in usage.split(separator: " ") {
      let isOption = previous.drop { $0 == "[" }.first == "-"
      if word.hasPrefix("...") || isOption && word.hasPrefix("<"), let last = units.popLast() {
        units.append("\(last) \(word)")
      } else {
        units.append(String(word))
      }
      previous = word
    }
    return units
  }
}

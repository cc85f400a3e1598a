/// Words of lines, separated by blanks and tabs. By bytes: this is also called for long scripts.
enum Word {
  /// The words of a line; if `comments`, a word that begins with `#` ends it.
  static func split(_ line: Substring, comments: Bool) -> [Substring] {
    var words: [Substring] = []
    var rest = line
    while let word = first(of: rest), !(comments && word.utf8.first == UInt8(ascii: "#")) {
      words.append(word)
      rest = line[word.endIndex...]
    }
    return words
  }

  /// A line's first word; nil if the line is blank.
  static func first(of line: Substring) -> Substring? {
    guard let start = line.utf8.firstIndex(where: { !isBlank($0) }) else { return nil }
    let rest = line.utf8[start...]
    return Substring(rest[..<(rest.firstIndex(where: isBlank) ?? rest.endIndex)])
  }

  static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}

extension Substring {
  /// The text without leading and trailing blanks and tabs.
  var trimmed: Substring {
    guard let first = utf8.firstIndex(where: { !Word.isBlank($0) }),
      let last = utf8.lastIndex(where: { !Word.isBlank($0) })
    else { return self[endIndex...] }
    return Substring(utf8[first...last])
  }
}

/// The widths of texts on a terminal.
enum TextWidth {
  /// Blocks of wide characters: East Asian scripts and emoji (Unicode Standard Annex #11).
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xa960...0xa97c, 0xac00...0xd7a3, 0xf900...0xfaff,
    0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1f64f, 0x1f680...0x1f6ff,
    0x1f900...0x1faff, 0x20000...0x3fffd,
  ]

  /// The number of columns that a text takes.
  static func of(_ text: String) -> Int { text.reduce(0) { $0 + of($1) } }

  /// Marks that combine with the letter before them take no column of their own.
  private static func of(_ character: Character) -> Int {
    character.unicodeScalars.contains { scalar in wide.contains { $0.contains(scalar.value) } } ? 2 : 1
  }

  /// The text, cut at its end if it takes more than this many columns, at least 1.
  static func cut(_ text: String, to columns: Int) -> String {
    guard of(text) > columns else { return text }
    return prefix(of: text, columns - 1) + "…"
  }

  /// The text, cut at its start if it takes more than this many columns, at least 1.
  static func cutStart(of text: String, to columns: Int) -> String {
    guard of(text) > columns else { return text }
    return "…" + String(prefix(of: String(text.reversed()), columns - 1).reversed())
  }

  private static func prefix(of text: String, _ columns: Int) -> String {
    var left = columns
    return String(
      text.prefix { character in
        left -= of(character)
        return left >= 0
      })
  }
}

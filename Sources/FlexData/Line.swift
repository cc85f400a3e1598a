/// A line of a text.
struct Line {
  let source: Source
  /// From 1.
  let number: Int

  var text: Substring { source.lines[number - 1] }

  /// The position of a part of it.
  func place(of part: Substring) -> Place { place(at: part.startIndex) }

  func place(at index: Substring.Index) -> Place {
    Place(source: source, line: number, column: text[..<index].count + 1)
  }
}

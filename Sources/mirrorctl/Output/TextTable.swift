/// A table that fits a terminal.
struct TextTable {
  /// A column, as wide as its widest cell if there is room.
  struct Column {
    let title: String
    /// Whether its cells are aligned at the right, as numbers are.
    var isNumber = false
    /// On a narrow terminal, columns with a higher rank are left out first; 0 is always shown.
    var rank = 0
    /// Whether its cells may be cut.
    var cut = Cut.never
  }

  /// Where a cell is cut.
  enum Cut { case never, start, end }

  /// A text, and how to show it where there is color: parameters of SGR, see console_codes(4).
  struct Cell: ExpressibleByStringInterpolation {
    let text: String
    var style = ""

    init(_ text: String, style: String = "") {
      self.text = text
      self.style = style
    }

    init(stringLiteral text: String) { self.init(text) }
  }

  let columns: [Column]
  /// The cells of each row, as many as there are columns.
  let rows: [[Cell]]

  private static let gap = 2
  /// A column that can be left out is not cut to less than this, one that cannot, rather than that others are left out.
  private static let least = (optional: 9, fixed: 32)

  /// The lines with a header, none of which is wider than the screen unless it has hardly any room.
  func lines(on screen: Screen) -> [String] {
    let header = columns.map { Cell($0.title, style: "1") }
    let widths = widths(for: screen.columns, of: [header] + rows)
    return ([header] + rows).map { row in
      let cells = columns.indices.compactMap { column in
        widths[column].map { shown(row[column], columns[column], $0, hasColor: screen.hasColor) }
      }
      return cells.joined(separator: String(repeating: " ", count: Self.gap)).trimmingEnd
    }
  }

  /// The widths of the columns; nil for those that are left out.
  private func widths(for width: Int, of rows: [[Cell]]) -> [Int?] {
    let whole = columns.indices.map { column in rows.map { TextWidth.of($0[column].text) }.max() ?? 0 }
    let cut = columns.indices.filter { columns[$0].cut != .never }
    var widths: [Int?] = whole
    var excess: Int {
      let shown = widths.compactMap(\.self)
      return shown.reduce(0, +) + Self.gap * (shown.count - 1) - width
    }
    for column in cut where columns[column].rank > 0 {
      widths[column] = min(whole[column], Self.least.optional)
    }
    let optional = columns.indices.filter { columns[$0].rank > 0 }
      .sorted { columns[$0].rank > columns[$1].rank }
    for column in optional where excess > 0 {
      widths[column] = nil
      for column in cut { widths[column] = widths[column].map { min($0, Self.least.fixed) } }
    }
    for column in cut {
      guard let now = widths[column] else { continue }
      widths[column] = min(whole[column], max(now - excess, Self.least.optional))
    }
    return widths
  }

  private func shown(_ cell: Cell, _ column: Column, _ width: Int, hasColor: Bool) -> String {
    let text =
      switch column.cut {
      case .never: cell.text
      case .start: TextWidth.cutStart(of: cell.text, to: width)
      case .end: TextWidth.cut(cell.text, to: width)
      }
    let space = String(repeating: " ", count: max(0, width - TextWidth.of(text)))
    let styled = hasColor && !cell.style.isEmpty ? "\u{1b}[\(cell.style)m\(text)\u{1b}[0m" : text
    return column.isNumber ? space + styled : styled + space
  }
}

extension String {
  fileprivate var trimmingEnd: String {
    String(self[..<(lastIndex { $0 != " " }.map(index(after:)) ?? startIndex)])
  }
}

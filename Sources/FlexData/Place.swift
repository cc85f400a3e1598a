/// A position in a text.
public struct Place: Sendable {
  let source: Source
  /// From 1.
  public let line: Int
  /// From 1, in characters.
  public let column: Int

  /// The file.
  public var file: String { source.name }

  /// The line's text.
  var text: Substring { source.lines.indices.contains(line - 1) ? source.lines[line - 1] : "" }

  /// The position after a part of the line.
  func moved(after text: Substring) -> Place {
    Place(source: source, line: line, column: column + text.count)
  }
}

extension Place: CustomStringConvertible {
  /// `file:line`.
  public var description: String { "\(file):\(line)" }
}

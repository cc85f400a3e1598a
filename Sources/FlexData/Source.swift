/// A text that was read, kept for messages.
public final class Source: Sendable {
  /// The file's path, or what stands for it, `the command line`.
  public let name: String
  let lines: [Substring]

  /// - Parameter text: lines end with LF or CRLF; the last may lack it.
  public init(name: String, text: String) {
    self.name = name
    var lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
      Substring(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
    }
    if lines.last?.isEmpty == true { lines.removeLast() }
    self.lines = lines
  }

  /// The directory that relative paths in it are seen from.
  var directory: String { Path.directory(of: name) }
}

/// A position in a text: line and column from 1, columns in characters.
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

  func moved(to column: Int) -> Place { Place(source: source, line: line, column: column) }
}

extension Place: CustomStringConvertible {
  /// `file:line`.
  public var description: String { "\(file):\(line)" }
}

/// Paths as text.
enum Path {
  static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// A path seen from a directory, with `.` and `..` resolved by their names.
  static func resolve(_ path: String, from directory: String) -> String {
    let whole = path.hasPrefix("/") ? path : "\(directory)/\(path)"
    var parts: [Substring] = []
    for part in whole.split(separator: "/") where part != "." {
      if part == "..", let last = parts.last, last != ".." {
        parts.removeLast()
      } else if part != ".." || !whole.hasPrefix("/") {
        parts.append(part)
      }
    }
    let joined = parts.joined(separator: "/")
    return whole.hasPrefix("/") ? "/\(joined)" : joined.isEmpty ? "." : joined
  }
}

/// A text that was read, kept for messages.
public final class Source: Sendable {
  /// The file's path, or a substitute such as `the command line`.
  public let name: String
  let lines: [Substring]

  /// - Parameter text: lines end with LF or CRLF; the last may lack it. A byte order mark is removed.
  public init(name: String, text: String) {
    self.name = name
    let mark = "\u{feff}".utf8
    let whole = text.utf8.starts(with: mark) ? text.utf8.dropFirst(mark.count) : text.utf8[...]
    var lines = whole.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
      Substring(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
    }
    if lines.last?.isEmpty == true { lines.removeLast() }
    self.lines = lines
  }

  /// - Throws: when the bytes are not text.
  public convenience init(name: String, bytes: [UInt8]) throws(FlexDataError) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      let repaired = String(decoding: bytes, as: UTF8.self)
      let valid = zip(repaired.utf8, bytes).prefix { $0 == $1 }.count
      throw FlexDataError(
        "this is not UTF-8", at: Source(name: name, text: repaired).place(after: bytes[..<valid]),
        hint: "convert the file to UTF-8")
    }
    self.init(name: name, text: text)
    if let zero = bytes.firstIndex(of: 0) {
      throw FlexDataError("the text contains a NUL byte", at: place(after: bytes[..<zero]), hint: "remove it")
    }
  }

  /// The base directory of relative paths in it.
  var directory: String { Path.directory(of: name) }

  private func place(after bytes: ArraySlice<UInt8>) -> Place {
    let newline = UInt8(ascii: "\n")
    let start = bytes.lastIndex(of: newline).map { $0 + 1 } ?? bytes.startIndex
    let line = String(decoding: bytes[start...], as: UTF8.self)
    let column = line.count + (line.hasPrefix("\u{feff}") ? 0 : 1)
    return Place(source: self, line: bytes.count { $0 == newline } + 1, column: column)
  }
}

import LinuxSystem

/// Splits output into lines as a terminal shows them: without colours, and only with the text after the last
/// carriage return, which programs use to redraw their progress.
struct LogLines {
  /// Maximum length of a line in bytes; the rest is cut off.
  static let width = 2048

  private var line: [UInt8] = []
  private var isCut = false
  /// Whether the next byte replaces the line.
  private var isReturned = false

  /// Adds output; returns the lines that it completes, without blank ones.
  mutating func add(_ bytes: UnsafeRawBufferPointer) -> [String] {
    var lines: [String] = []
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\n"): lines += end()
      case UInt8(ascii: "\r"): isReturned = true
      default:
        if isReturned { restart() }
        if line.count < Self.width { line.append(byte) } else { isCut = true }
      }
    }
    return lines
  }

  /// Ends the last line; returns it unless it is blank.
  mutating func end() -> [String] {
    defer { restart() }
    var text = String(decoding: line, as: UTF8.self).plain
    if isCut {
      // The last character may be incomplete.
      while text.last == "\u{fffd}" { text.removeLast() }
      text += "…"
    }
    return text.isEmpty ? [] : [text.cut(to: Self.width)]
  }

  /// The line that is not complete yet.
  var unfinished: String { String(decoding: line, as: UTF8.self).plain }

  private mutating func restart() {
    line.removeAll(keepingCapacity: true)
    (isCut, isReturned) = (false, false)
  }
}

extension String {
  /// The text without escape sequences of terminals (ECMA-48) and other control and format characters.
  fileprivate var plain: String {
    var result = ""
    var scalars = unicodeScalars[...]
    while let scalar = scalars.popFirst() {
      if scalar == "\u{1b}", scalars.first == "[" {
        // Parameters and intermediate bytes, then one final byte.
        scalars = scalars.dropFirst().drop { (" "..."?").contains($0) }.dropFirst()
      } else if scalar == "\t" || !scalar.isInvisible {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

extension Unicode.Scalar {
  fileprivate var isInvisible: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }
}

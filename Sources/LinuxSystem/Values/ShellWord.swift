/// Words of a POSIX shell's command line.
package enum ShellWord {
  /// The word unchanged if a shell does not treat it specially, otherwise in single quotes.
  package static func quoted(_ bytes: [UInt8]) -> [UInt8] {
    bytes.isEmpty || !bytes.allSatisfy(isPlain) ? inSingleQuotes(bytes) : bytes
  }

  /// The word in single quotes, whatever it contains.
  package static func inSingleQuotes(_ bytes: [UInt8]) -> [UInt8] {
    let quote = UInt8(ascii: "'")
    return [quote] + bytes.flatMap { $0 == quote ? Array(#"'\''"#.utf8) : [$0] } + [quote]
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "_-+.,:/@%".utf8.contains(byte)
    }
  }
}

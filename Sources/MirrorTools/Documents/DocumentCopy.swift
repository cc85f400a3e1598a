import FoundationEssentials

/// The document of one tarball as that of another one with the same content.
package enum DocumentCopy {
  /// Replaces a tarball's name and digest wherever a document has them.
  ///
  /// - Parameters:
  ///   - old: its name, and its SHA-256 in lowercase hexadecimal.
  ///   - new: the same of the other one.
  package static func readdressed(
    _ document: [UInt8], from old: (name: String, sha256: String), to new: (name: String, sha256: String)
  ) -> [UInt8] {
    let renamed = replaced(document, quoted(old.name), quoted(new.name))
    return replaced(renamed, Array(old.sha256.utf8), Array(new.sha256.utf8))
  }

  /// A string as in JSON.
  private static func quoted(_ text: String) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    return (try? encoder.encode(text)).map(Array.init) ?? Array("\"\(text)\"".utf8)
  }

  private static func replaced(_ text: [UInt8], _ old: [UInt8], _ new: [UInt8]) -> [UInt8] {
    guard let first = old.first else { return text }
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var index = 0
    while index < text.count {
      if text[index] == first, text[index...].starts(with: old) {
        result += new
        index += old.count
      } else {
        result.append(text[index])
        index += 1
      }
    }
    return result
  }
}

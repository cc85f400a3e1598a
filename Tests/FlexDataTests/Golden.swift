import Foundation
import Testing

/// Texts that were reviewed by a person.
enum Golden {
  private static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Golden")

  /// Compares with the file of this name, or writes it with `UPDATE_GOLDEN=1`.
  static func expect(
    _ text: String, is name: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let path = directory.appendingPathComponent("\(name).txt")
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
      try Data(text.utf8).write(to: path)
      return
    }
    let expected = (try? Data(contentsOf: path)).map { String(decoding: $0, as: UTF8.self) }
    #expect(text == expected, "\(name) differs", sourceLocation: sourceLocation)
  }
}

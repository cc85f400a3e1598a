import LinuxSystem

/// A text that contains its signature. Source: RFC 4880, 7.
struct ClearText {
  /// The signed text.
  let body: [UInt8]

  private static let newline = UInt8(ascii: "\n")

  /// nil unless the whole text is one signed message: anything before or after it would not be signed.
  init?(_ text: [UInt8]) {
    let lines = text.split(separator: Self.newline, omittingEmptySubsequences: false)
    guard let first = lines.first, Self.isLine(first, "BEGIN PGP SIGNED MESSAGE"),
      let start = lines.firstIndex(where: { $0.allSatisfy { $0 == 0x20 || $0 == 0x0d } }),
      let end = lines[start...].firstIndex(where: { Self.isLine($0, "BEGIN PGP SIGNATURE") }),
      let last = lines[end...].firstIndex(where: { Self.isLine($0, "END PGP SIGNATURE") }),
      lines[(last + 1)...].allSatisfy(\.isEmpty)
    else { return nil }
    body = lines[(start + 1)..<end].flatMap { line in
      (line.starts(with: "- ".utf8) ? line.dropFirst(2) : line) + [Self.newline]
    }
  }

  /// The signed text, or the whole text if it is not signed.
  static func body(of text: [UInt8]) -> [UInt8] { ClearText(text)?.body ?? text }

  private static func isLine(_ line: ArraySlice<UInt8>, _ title: String) -> Bool {
    line.elementsEqual("-----\(title)-----".utf8)
  }
}

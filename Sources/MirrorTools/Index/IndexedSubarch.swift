public import LinuxSystem

/// A subarch in the index.
public struct IndexedSubarch: Codable, Sendable, Hashable {
  /// Name of the subarch.
  public let name: FileName
  /// The content of `build-info.json`: `CFLAGS`, `CHOST`, …
  public let info: [String: String]
  /// The artifacts of its newest version, by variant.
  public let builds: [IndexedBuild]

  /// Its attributes in `index.xml`, in order.
  var attributes: [(String, String)] {
    let ids = builds.map { String($0.id) }.joined(separator: ",")
    return [("name", name.jsonText), ("builds", ids)]
      + info.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// Whether a value can be stored as an additional attribute.
  static func canCarry(_ key: String, _ value: String) -> Bool {
    key != "name" && key != "builds" && XMLText.isAttributeName(key) && XMLText.isValid(value)
  }
}

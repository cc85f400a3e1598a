public import LinuxSystem

/// A subarch in the index.
public struct IndexedSubarch: Codable, Sendable, Hashable {
  /// Its own name.
  public let name: FileName
  /// What `build-info.json` says: `CFLAGS`, `CHOST`, …
  public let info: [String: String]
  /// What its newest version offers, by variant.
  public let builds: [IndexedBuild]

  /// Its attributes in `index.xml`, in order.
  var attributes: [(String, String)] {
    let ids = builds.map { String($0.id) }.joined(separator: ",")
    return [("name", name.jsonText), ("builds", ids)]
      + info.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// Whether a value can be an attribute beside ours.
  static func canCarry(_ key: String, _ value: String) -> Bool {
    key != "name" && key != "builds" && XMLText.isAttributeName(key) && XMLText.isValid(value)
  }
}

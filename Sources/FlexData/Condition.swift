/// `x`, `x is v1 v2` or `x in v1 v2`.
public struct Condition: Sendable, Equatable {
  /// The element that is tested.
  public let element: String
  /// The values of which it must have one; empty if it only needs to be defined.
  public let values: [String]
  /// Its position.
  public let place: Place

  /// As written; `is` and `in` are synonyms.
  public var text: String { values.isEmpty ? element : "\(element) is \(values.joined(separator: " "))" }

  /// Whether they have the same meaning; positions are ignored.
  public static func == (one: Condition, other: Condition) -> Bool {
    one.element == other.element && one.values == other.values
  }
}

/// `x`, `x is v1 v2` or `x in v1 v2`.
public struct Condition: Sendable, Equatable {
  /// The element that decides.
  public let element: String
  /// Values of which it must have one; none if it need only be defined.
  public let values: [String]
  /// Where it stands.
  public let place: Place

  /// As it is written; `is` and `in` mean the same.
  public var text: String { values.isEmpty ? element : "\(element) is \(values.joined(separator: " "))" }

  /// Whether they say the same, wherever they stand.
  public static func == (one: Condition, other: Condition) -> Bool {
    one.element == other.element && one.values == other.values
  }
}

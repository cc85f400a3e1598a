/// `x`, `x is v1 v2`, `x in v1 v2` or `x has v1 v2`.
public struct Condition: Sendable, Equatable {
  /// The element that is tested.
  public let element: String
  /// The values of which it must have one; empty if it only needs to be defined.
  public let values: [String]
  /// Whether the element is a list that must contain one of the values.
  public let isOfList: Bool
  /// Its position.
  public let place: Place

  /// As written; `is` and `in` are synonyms.
  public var text: String {
    values.isEmpty ? element : "\(element) \(isOfList ? "has" : "is") \(values.joined(separator: " "))"
  }

  /// Whether they have the same meaning; positions are ignored.
  public static func == (one: Condition, other: Condition) -> Bool {
    one.element == other.element && one.values == other.values && one.isOfList == other.isOfList
  }

  /// Whether it holds for an element with this text.
  func holds(for text: String) -> Bool {
    guard isOfList else { return values.contains(text) }
    return text.split { $0 == " " || $0 == "\t" }.contains { values.contains(String($0)) }
  }
}

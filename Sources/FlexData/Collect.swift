/// `[collect path]`.
public struct Collect: Sendable {
  /// Before expansion.
  public let path: Substring
  /// The section that contains it.
  public let section: String?
  /// The condition for collecting it; nil for always.
  public let condition: Condition?
  /// The position of the path.
  public let place: Place
}

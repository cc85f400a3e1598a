/// `[collect path]`.
public struct Collect: Sendable {
  /// Before expansion.
  public let path: Substring
  /// The section that it stands in.
  public let section: String?
  /// When it is collected; nil for always.
  public let condition: Condition?
  /// Where the path stands.
  public let place: Place
}

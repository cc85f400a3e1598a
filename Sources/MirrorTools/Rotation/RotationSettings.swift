/// What is built here, how often, and how.
public struct RotationSettings: Sendable {
  /// Days after which a subarch is built again.
  public var staleDays = 3
  /// Consecutive failures that take a subarch out of the rotation until it is zapped.
  public var maxFailcount = 3
  /// Ways of building, each the one that follows the one before it.
  public var modes = ["full"]
  /// Images to make from the stage3, by a subarch's path or its name alone; the path goes first.
  public var extras: [MirrorPath: [String]] = [:]

  /// Metro's defaults.
  public init() {}

  /// The subarches that are built here, in the order that breaks ties: every one found, in path order.
  public func managed(in mirror: Mirror) -> [Subarch] { mirror.subarches }

  /// The images to make for a subarch.
  func extras(of subarch: Subarch) -> [String] {
    extras[subarch.path] ?? extras[MirrorPath(bytes: subarch.name.bytes)] ?? []
  }

  /// How to build a subarch whose finished builds are `built`, oldest first.
  ///
  /// A version tells only whether it was a full build. The ones after the newest full build tell how far the
  /// list has come since; where none is left, a full build begins it again.
  func mode(after built: [Version]) -> String {
    let full = "full"
    guard let first = modes.first else { return full }
    guard !built.isEmpty, let position = modes.firstIndex(of: full) else { return first }
    guard let newest = built.lastIndex(where: \.isFull) else { return full }
    return modes[(position + built.count - newest) % modes.count]
  }
}

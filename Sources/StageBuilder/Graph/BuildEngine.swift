import LinuxSystem

/// Builds targets: several at once, each by itself.
///
/// An engine may do so in this process, in others, or on other machines; it knows neither the graph nor the reports.
protocol BuildEngine: Sendable {
  /// The number of targets that can be built at once.
  var capacity: Int { get }

  /// Throws if no target of a request can be built at all, before anything counts as a failure.
  ///
  /// - Returns: warnings.
  func prepare(_ facts: RequestFacts) throws -> [String]

  /// Whether a target can start now.
  ///
  /// - Parameter isAlone: whether no other target is being built, so that there is nothing to wait for.
  /// - Returns: false if it must wait for another one to end.
  /// - Throws: why it cannot start at all.
  func hasRoom(for node: BuildNode, isAlone: Bool) throws(MirrorError) -> Bool

  /// Starts a target; there must be capacity for it.
  func start(_ node: BuildNode)

  /// Waits for the next target that ends; at least one must have been started.
  func next() -> (id: Int, end: TargetEnd)

  /// Ends the targets that are being built: each of them still ends with a result.
  func cancel()
}

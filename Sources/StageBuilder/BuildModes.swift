import LinuxSystem

/// The targets of a mode, as the specifications define them in `multi/targets`.
struct BuildModes {
  private let request: BuildRequest
  private let context: BuildContext
  private let shared: BuildSettings

  /// The modes that every spec tree may be asked for.
  private static let usual = ["full", "freshen", "quick", "stage1"]

  init(_ request: BuildRequest, _ context: BuildContext, _ shared: BuildSettings) {
    self.request = request
    self.context = context
    self.shared = shared
  }

  /// The names of the targets that the request asks for, in build order.
  func targets() throws -> [String] {
    if case .snapshot = request.work { return ["snapshot"] }
    if let target = request.namedTarget { return [target] }
    try checkMode()
    _ = try shared.required("multi/targets")
    let names =
      try shared.words("multi/targets")
      + shared.words("multi/extras").flatMap { $0.split(separator: "+").map(String.init) }
    guard try shared.isOfficial else { return names.filter { $0 != "snapshot" } }
    return names
  }

  /// Throws if the mode is a word that means nothing to the specifications.
  private func checkMode() throws {
    guard let mode = try shared.text("multi/mode") else { return }
    let known = shared.comparedValues(of: "multi/mode")
    guard !known.contains(mode) else { return }
    let targets = try shared.text("multi/targets")
    // A tree may also use the mode as a part of a path.
    let isMode = try targets == nil ? known.isEmpty : Self.usual.contains(mode) || !isIgnored(targets)
    if isMode { return }
    throw MirrorError(
      .invalid, mode, "is not a build mode",
      remedy: "use \((known.isEmpty ? Self.usual : known).joined(separator: ", "))")
  }

  /// Whether a mode that cannot exist has the same targets.
  private func isIgnored(_ targets: String?) throws -> Bool {
    guard let other = try? BuildSettings(request.replacing(mode: "-"), target: nil, context.source) else {
      return false
    }
    return try other.text("multi/targets") == targets
  }
}

extension BuildRequest {
  /// The only target, if one was named by itself.
  var namedTarget: String? { definitions.last { $0.name == "target" }?.value }
}

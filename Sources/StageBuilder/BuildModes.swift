import FlexData
import LinuxSystem
import MirrorTools

/// The targets of a mode, as the specifications define them in `multi/targets`.
package struct BuildModes {
  private let request: BuildRequest
  private let context: BuildContext
  private let shared: BuildSettings

  /// The modes that every spec tree may be asked for.
  package static let usual = ["full", "freshen", "quick", "stage1"]

  init(_ request: BuildRequest, _ context: BuildContext, _ shared: BuildSettings) {
    self.request = request
    self.context = context
    self.shared = shared
  }

  /// The targets that the request asks for, in build order: those of the mode, variants, extras.
  func targets() throws -> [PlannedTarget] {
    if case .snapshot = request.work { return [PlannedTarget(name: "snapshot")] }
    let variants = BuildVariants(request: request, context: context, shared: shared)
    if let name = request.namedTarget {
      return [try variants.targets().first { $0.name == name } ?? PlannedTarget(name: name)]
    }
    try Self.check(request, shared, context.source)
    _ = try shared.required("multi/targets")
    var targets = try shared.words("multi/targets").map { PlannedTarget(name: $0) }
    if targets.contains(where: { $0.name.hasPrefix("stage3") }) { targets += try variants.targets() }
    targets += try shared.words("multi/extras").flatMap { $0.split(separator: "+") }.map {
      PlannedTarget(name: String($0), isOptional: true)
    }
    try Self.checkNames(targets.map(\.name))
    targets.removeAll { $0.isOptional && request.leftOut.contains($0.name) }
    guard try shared.isOfficial else { return targets.filter { $0.name != "snapshot" } }
    return targets
  }

  /// Throws if a name cannot be that of a log, or is there twice.
  private static func checkNames(_ names: [String]) throws(MirrorError) {
    var seen = Set<String>()
    for name in names {
      guard !name.hasPrefix("."), !name.contains("/") else {
        throw MirrorError(
          .invalid, name, "is not the name of a target", remedy: "use a name without / and leading dot")
      }
      guard !seen.insert(name).inserted else { continue }
      throw MirrorError(
        .invalid, name, "is a target of this build twice",
        remedy: "name each extra and variant once, and no target of the mode")
    }
  }

  /// Throws if the mode is a word that means nothing to the specifications.
  static func check(
    _ request: BuildRequest, _ shared: BuildSettings, _ source: ConfigurationFile.Request
  ) throws {
    guard let mode = try shared.text("multi/mode") else { return }
    let known = shared.comparedValues(of: "multi/mode")
    guard !known.contains(mode) else { return }
    let targets = try shared.text("multi/targets")
    // A tree may also use the mode as a part of a path.
    let isMode =
      try targets == nil ? known.isEmpty : usual.contains(mode) || !isIgnored(request, targets, source)
    if isMode { return }
    let modes = known.isEmpty ? usual : known
    throw MirrorError(
      .invalid, mode, "is not a build mode",
      remedy: Spelling.nearest(to: mode, in: modes).map { "did you mean `\($0)`?" }
        ?? "use \(modes.joined(separator: ", "))")
  }

  /// Whether a mode that cannot exist has the same targets.
  private static func isIgnored(
    _ request: BuildRequest, _ targets: String?, _ source: ConfigurationFile.Request
  ) throws -> Bool {
    guard let other = try? BuildSettings(request.replacing(mode: "-"), target: nil, source) else {
      return false
    }
    return try other.text("multi/targets") == targets
  }
}

extension BuildRequest {
  /// The only target, if one was named by itself.
  var namedTarget: String? { definitions.last { $0.name == "target" }?.value }
}

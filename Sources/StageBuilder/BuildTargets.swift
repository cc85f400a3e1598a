import FlexData
import MirrorModel
import LinuxSystem
import SystemPackage

/// The targets of a request, whose specifications were checked before anything is built.
///
/// What depends on files that an earlier target writes is checked when its target starts.
struct BuildTargets {
  /// A target, and its settings at present; nil if they are unknown until another target is built.
  struct Member {
    var target: PlannedTarget
    let settings: BuildSettings?
    var name: String { target.name }
  }

  /// The settings that all targets share.
  let shared: BuildSettings
  /// In build order.
  let members: [Member]

  var names: [String] { members.map(\.name) }

  /// The request with its version.
  let request: BuildRequest
  private let context: BuildContext

  /// Finds the targets, and reads their settings.
  init(
    _ given: BuildRequest, _ versions: TreeVersions, _ context: BuildContext,
    _ anchor: Shared<AnchoredDirectory>
  ) throws {
    let (request, shared) = try versions.settle(given)
    self.request = request
    self.context = context
    self.shared = shared
    try KnownSubarchs(request: request, shared: shared, anchor: anchor).check()
    let targets = try BuildModes(request, context, shared).targets()
    members = try targets.map { target in
      do {
        let settings = try BuildSettings(
          request, target: target.name, variant: target.variant, context.source)
        return Member(target: try Self.judged(target, settings, request), settings: settings)
      } catch let error as FlexDataError {
        // The first target has none to wait for.
        guard target != targets.first, shared.isUnknownYet(error, mirror: context.root) else {
          throw Self.nameless(target.name, error, shared)
        }
        return Member(target: target, settings: nil)
      }
    }
  }

  /// An image that is built by its name alone is an extra all the same.
  private static func judged(
    _ target: PlannedTarget, _ settings: BuildSettings, _ request: BuildRequest
  ) throws -> PlannedTarget {
    guard request.namedTarget != nil else { return target }
    let record = try? settings.text("target/control/version")
    var target = target
    target.isOptional = target.isOptional || record?.hasPrefix("stage4/") == true
    return target
  }

  /// Whether a build would find everything done: all tarballs exist, and the version of a subarch succeeded.
  func areDone(_ targets: [TargetFacts], _ anchor: Shared<AnchoredDirectory>) throws -> Bool {
    // A withdrawn version of a commit is not built again.
    if let version = request.path?.appending(FileName(request.version.description)),
      try anchor.value.status(at: version.file(.withdrawal)) != nil
    {
      return true
    }
    guard try shared.isOfficial, try !shared.words("metro/options").contains("replace") else { return false }
    guard let path = request.path, names != ["snapshot"] else { return targets.allSatisfy(\.isThere) }
    // The snapshot may have been cleaned.
    guard targets.allSatisfy({ $0.isThere || $0.name == "snapshot" }) else { return false }
    let version = path.appending(FileName(request.version.description))
    guard try anchor.value.status(at: version)?.kind == .directory else { return false }
    return VersionFile.isDone(try anchor.value.contents(of: version.file(.status), limit: 4096) ?? [])
  }

  /// Throws what is wrong with a target. First comes what would empty a directory that is not the build's own.
  func check(_ anchor: Shared<AnchoredDirectory>) throws {
    _ = try shared.makesCandidates
    var undefined: [String: FlexDataError] = [:]
    for member in members {
      do { try member.settings?.checkPlaces(mirror: context.root, homes: context.homes) } catch let error
        as FlexDataError
      { undefined[member.name] = error }
    }
    let records = request.path.map { VersionRecords($0, version: request.version.description, root: anchor) }
    for member in members {
      guard let settings = member.settings else { continue }
      // An unknown target is reported as such, before what it lacks.
      let target = try Target(member.name, settings)
      if let error = undefined[member.name], !settings.isUnknownYet(error, mirror: context.root) {
        throw error
      }
      try TargetCheck(target: target, context: context, anchor: anchor, records: records).run()
    }
  }

  /// The error for a target whose spec does not exist.
  private static func nameless(
    _ target: String, _ error: FlexDataError, _ shared: BuildSettings
  ) -> any Error {
    for problem in error.problems {
      guard let path = problem.unreadable.map({ FilePath($0) }), path.stem == target,
        path.extension == "spec",
        !path.exists
      else { continue }
      // The configuration may derive targets by conditions, without specs of their own.
      let known = specs(in: path.removingLastComponent()) + shared.comparedValues(of: "target")
      let near = Spelling.nearest(to: target, in: known)
      return MirrorError(
        .invalid, target, "is not a target: \(path) does not exist",
        remedy: near.map { "did you mean `\($0)`?" } ?? "check the mode and the names of images")
    }
    return error
  }

  /// The names of the spec files in a directory, without their extension.
  private static func specs(in folder: FilePath) -> [String] {
    let entries = (try? AnchoredDirectory(root: folder).entries()) ?? []
    return entries.compactMap { $0.name.hasSuffix(".spec") ? $0.name.dropping(last: 5).text : nil }
  }
}

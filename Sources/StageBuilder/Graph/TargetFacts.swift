import FlexData
import LinuxSystem
import MirrorModel

/// What is known about a target before anything is built.
struct TargetFacts: Sendable {
  let target: PlannedTarget
  /// nil if its settings are unknown until another target is built.
  var kind: Target.Class?
  /// The file that it makes; nil if that is not known yet.
  var output: MirrorPath?
  /// The file in the mirror from which it is made, as things are: that of the last version, if this build makes it again.
  var source: MirrorPath?
  /// Whether it exists already.
  var isThere = false

  var name: String { target.name }

  /// Whether it needs only the target that makes its source, so that targets after it need not wait for it: an image, or
  /// the stage3 of a variant.
  var isAside: Bool { target.isOptional || target.variant != nil || kind == .export }
}

extension BuildTargets {
  /// What is known about the targets, in build order.
  func facts(_ anchor: Shared<AnchoredDirectory>, in context: BuildContext) throws -> [TargetFacts] {
    try members.map { member in
      var facts = TargetFacts(target: member.target)
      guard let settings = member.settings else { return facts }
      do {
        let target = try Target(member.name, settings)
        facts.kind = target.kind
        let output = try target.output(anchor)
        facts.isThere = try output.existing() != nil
        facts.output = output.path
        if target.kind != .snapshot {
          facts.source = try? settings.mirrorPath("path/mirror/source", in: context.root)
        }
      } catch let error as FlexDataError {
        if member.name == names.first { throw error }
      }
      return facts
    }
  }
}

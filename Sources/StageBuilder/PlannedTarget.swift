/// A target that a build makes.
struct PlannedTarget: Hashable, Sendable {
  /// `stage3`, `stage3-systemd`, `openvz`.
  let name: String
  /// The variant whose stage3 it is; nil for all other targets.
  var variant: String?
  /// Whether the build goes on after it failed, and counts as done: an extra or an optional variant.
  var isOptional = false
}

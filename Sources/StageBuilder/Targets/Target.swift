import MirrorModel
import LinuxSystem
import SystemPackage

/// One target of a build with its settings: what to build, and whether it exists.
struct Target {
  /// `target/class`: the kind of target.
  enum Class: String {
    case snapshot
    case stage
    /// An image of a finished stage.
    case export
  }

  let name: String
  let kind: Class
  let settings: BuildSettings

  /// The scripts of a stage, in the order in which they run.
  static let stageSteps = [
    "steps/unpack", "steps/unpack/post", "steps/chroot/prerun", "steps/chroot/run",
    "steps/chroot/grabinfo", "steps/precapture", "steps/chroot/postrun", "steps/chroot/clean",
    "steps/chroot/test", "steps/chroot/postclean", "steps/clean", "steps/capture",
  ]

  init(_ name: String, _ settings: BuildSettings) throws {
    self.name = name
    self.settings = settings
    let text = try settings.required("target/class")
    guard let kind = Class(rawValue: text) else {
      throw MirrorError(
        .invalid, "target/class", "`\(text)` (target \(name)) is not supported",
        remedy: "use stage, export or snapshot")
    }
    self.kind = kind
  }

  /// The file that it makes.
  func output(_ anchor: Shared<AnchoredDirectory>) throws -> any TargetOutput {
    switch kind {
    case .snapshot: try TarballOutput("path/mirror/snapshot", settings, anchor)
    case .stage: try TarballOutput("path/mirror/target", settings, anchor)
    case .export: try ImageOutput(settings, anchor)
    }
  }

  /// Whether a step of the spec writes the tarball, rather than mirrorctl.
  var isMadeBySpec: Bool {
    get throws {
      switch kind {
      case .snapshot: try settings.script("steps/run") != nil
      case .stage: try settings.script("steps/capture") != nil
      case .export: false
      }
    }
  }

  /// Whether `metro/options` asks to rebuild existing targets.
  func isToReplace() throws -> Bool { try settings.words("metro/options").contains("replace") }

  /// Whether it is made although it, or another from the same inputs, exists.
  ///
  /// Other builds use the snapshot of a version too, so it is made again only if nothing else is asked for.
  func isToRemake(_ context: BuildContext, of request: BuildRequest) throws -> Bool {
    try isToReplace() || context.rebuilds && (kind != .snapshot || request.path == nil)
  }

  /// The file that shows other builds that this target is in progress, and its directory.
  func progressFile(_ output: any TargetOutput, _ subarch: MirrorPath?) -> (
    directory: MirrorPath, name: FileName
  ) {
    guard kind != .snapshot, let subarch else {
      return (output.path.parent, FileName(".\(output.path.name)_progress"))
    }
    let lock = ControlFile.lock(FileName(".\(name)_progress")).path
    return (subarch.appending(ControlDirectory.name), lock.name)
  }
}

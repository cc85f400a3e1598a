import MirrorModel
import LinuxSystem
import SystemPackage

/// One target of a build with its settings: what to build, and whether it exists.
struct Target {
  /// `target/class`: the kind of target.
  enum Class: String {
    case snapshot
    case stage
  }

  let name: String
  let kind: Class
  let settings: BuildSettings

  init(_ name: String, _ settings: BuildSettings) throws {
    self.name = name
    self.settings = settings
    let text = try settings.required("target/class")
    guard let kind = Class(rawValue: text) else {
      throw MirrorError(
        .invalid, "target/class", "`\(text)` (target \(name)) is not supported",
        remedy: "use stage or snapshot")
    }
    self.kind = kind
  }

  /// The element that names its tarball.
  var outputKey: String {
    switch kind {
    case .snapshot: "path/mirror/snapshot"
    case .stage: "path/mirror/target"
    }
  }

  /// Whether a step of the spec writes the tarball, rather than mirrorctl.
  var isMadeBySpec: Bool {
    get throws { try settings.script(kind == .snapshot ? "steps/run" : "steps/capture") != nil }
  }

  /// Whether `metro/options` asks to rebuild existing targets.
  func isToReplace() throws -> Bool { try settings.words("metro/options").contains("replace") }

  /// The file that shows other builds that this target is in progress, and its directory.
  func progressFile(_ output: TarballOutput, _ subarch: MirrorPath?) -> (
    directory: MirrorPath, name: FileName
  ) {
    guard kind == .stage, let subarch else {
      return (output.path.parent, FileName(".\(output.path.name)_progress"))
    }
    let lock = ControlFile.lock(FileName(".\(name)_progress")).path
    return (subarch.appending(ControlDirectory.name), lock.name)
  }
}

import LinuxSystem
import SystemPackage

/// The directories of a stage that its settings name, on the host and in its root.
struct StagePlaces {
  private let settings: BuildSettings

  init(_ settings: BuildSettings) { self.settings = settings }

  /// Throws if they do not fit together.
  func check() throws {
    let work = try settings.requiredPath("path/work")
    let chroot = try settings.requiredPath("path/chroot")
    guard chroot.starts(with: work) else {
      throw MirrorError(
        .invalid, "path/chroot", "`\(chroot)` is not in path/work, \(work)", remedy: "use a path in it")
    }
    let stage = try settings.requiredPath("path/chroot/stage")
    guard stage.starts(with: chroot) || stage.starts(with: work) && chroot.starts(with: stage) else {
      throw MirrorError(
        .invalid, "path/chroot/stage",
        "`\(stage)` is neither in path/chroot, \(chroot), nor above it in path/work",
        remedy: "use a path in one of them")
    }
    for key in ["path/cache/package", "path/distfiles", "path/cache/ccache"] { _ = try settings.path(key) }
    for key in ["packages", "distfiles", "ccache", "tmpfs", "overlay"] {
      try checkInRoot("mounts/\(key)", mustBeAbsolute: true)
    }
    if let overlay = try settings.path("path/overlay"), (try? overlay.status())?.kind != .directory {
      throw MirrorError(
        .invalid, "path/overlay", "`\(overlay)` is not a directory",
        remedy: "create it, or correct stage4/overlay")
    }
    try checkInRoot("snapshot/destination", mustBeAbsolute: false)
  }

  /// Throws if a path in the root is the root itself, or leads out of it.
  private func checkInRoot(_ key: String, mustBeAbsolute: Bool) throws {
    guard let text = try settings.text(key) else { return }
    let components = text.split(separator: "/")
    guard text.hasPrefix("/") || !mustBeAbsolute, !components.isEmpty,
      !components.contains(where: { $0 == "." || $0 == ".." })
    else {
      throw MirrorError(
        .invalid, key, "`\(text)` is not a directory in the stage",
        remedy: "use an absolute path without `..`")
    }
  }
}

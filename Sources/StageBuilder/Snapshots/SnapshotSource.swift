import LinuxSystem
import SystemPackage

/// What a snapshot consists of: a package tree, and overlays in its directory `overlays`.
struct SnapshotSource {
  /// The prefix of names in the snapshot: `portage`.
  let prefix: String
  private let source: TreeSource
  private let overlays: [Overlay]
  private let work: FilePath

  init(
    _ settings: BuildSettings, _ steps: StepRunner, _ work: FilePath, _ cancellation: Cancellation
  ) throws {
    let isLive: Bool
    switch try settings.text("snapshot/type") ?? "dead" {
    case "live": isLive = true
    case "dead": isLive = false
    case let other:
      throw MirrorError(
        .invalid, "snapshot/type", "`\(other)` is neither live nor dead", remedy: "use live or dead")
    }
    source = try TreeSource(isLive: isLive, settings, steps, work, cancellation)
    overlays = try settings.words("snapshot/overlays").map { name in
      try Overlay(
        name, settings,
        try TreeSource(overlay: name, isLive: isLive, settings, steps, work, cancellation))
    }
    prefix =
      try settings.text("snapshot/prefix") ?? (source.kind == .metaRepository ? "meta-repo" : "portage")
    self.work = work
    guard !prefix.contains("/"), !prefix.hasPrefix(".") else {
      throw MirrorError(
        .invalid, "snapshot/prefix", "`\(prefix)` is not a directory name", remedy: "use a plain name")
    }
  }

  /// Fetches the tree and its overlays.
  ///
  /// - Throws: also if one of them is not a package tree, or has no good signature.
  func fetch(version: String, log: borrowing BuildLog) throws -> TreeSource.Tree {
    var tree = try source.fetch(
      to: work.appending(prefix), mustCopy: !overlays.isEmpty, version: version, log: log)
    guard !overlays.isEmpty else { return tree }
    let directory = tree.path.appending(Overlay.directory)
    guard !directory.exists else {
      throw MirrorError(
        .invalid, source.remote, "has a directory \(Overlay.directory) of its own",
        remedy: "remove it, or leave snapshot/overlays empty")
    }
    try directory.makeDirectories(mode: 0o755)
    for overlay in overlays {
      let part = try overlay.source.fetch(
        to: directory.appending(overlay.name), mustCopy: true, version: version, log: log)
      try overlay.check(part.path)
      tree.epoch = max(tree.epoch, part.epoch)
      let place = try AnchoredDirectory(root: directory)
      try DurableFile.write(
        Array(overlay.configuration.utf8), to: FileName("\(overlay.name).conf"), in: place,
        try place.fileOwnership())
    }
    return tree
  }
}

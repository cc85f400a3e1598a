import StageTrees
import LinuxSystem
import MirrorModel
import SystemPackage

/// Fills a root with its seed and the package tree.
struct StageUnpacking {
  let settings: BuildSettings
  let context: BuildContext
  let confinement: Confinement
  /// `path/chroot`, opened.
  let root: Shared<AnchoredDirectory>
  let tools: SquashfsTools

  /// The package tree in the root.
  struct Tree {
    /// The time of the newest file in it, in seconds; nil if it contains no file.
    var epoch: Int64?
    /// Where steps see it mounted, if it is an image; nil if it was unpacked.
    var mountedAt: String?
  }

  /// Unpacks the seed; device nodes are skipped, since steps get their own.
  func unpackSeed(_ seed: FilePath, _ log: borrowing BuildLog) throws {
    log.note("\(settings.target ?? ""): unpack \(seed)")
    _ = try unpack(seed, into: root.value, excluding: ["dev"], log)
  }

  /// Unpacks the snapshot to `snapshot/destination`, or has it mounted there.
  ///
  /// - Returns: nil if the stage needs no tree.
  func placeSnapshot(_ snapshot: FilePath, _ log: borrowing BuildLog) throws -> Tree? {
    guard let text = try settings.text("snapshot/destination") else { return nil }
    let destination = MirrorPath(String(text.drop { $0 == "/" }))
    guard !destination.bytes.isEmpty else {
      throw MirrorError(
        .invalid, "snapshot/destination", "is the root of the stage", remedy: "use a directory in the stage")
    }
    let prefix = FileName(try settings.text("snapshot/prefix") ?? "portage")
    let name = snapshot.lastComponent.flatMap { TarballName(FileName($0.string), .builtIn) }
    guard name?.format == .squashfs else {
      log.note("\(settings.target ?? ""): unpack \(snapshot) to /\(destination)")
      return Tree(epoch: try unpack(snapshot, to: destination, prefix: prefix, log))
    }
    let epoch = try attempt("read", "\(snapshot)") { () throws(Errno) in
      try SquashfsEnd.time(of: try Descriptor(reading: snapshot))
    }
    if try context.sandbox.canMount(snapshot, for: confinement) {
      log.note("\(settings.target ?? ""): mount \(snapshot) at /\(destination)")
      _ = try root.value.makePath(destination)
      return Tree(epoch: epoch, mountedAt: "/\(destination)")
    }
    log.note("\(settings.target ?? ""): unpack \(snapshot) to /\(destination), since it cannot be mounted")
    try tools.read(snapshot, prefix: prefix, log: log) { tarball in
      _ = try unpack(tarball, to: destination, prefix: prefix, log)
    }
    return Tree(epoch: epoch)
  }

  private func unpack(
    _ snapshot: FilePath, to destination: MirrorPath, prefix: FileName, _ log: borrowing BuildLog
  ) throws -> Int64? {
    let parent = try root.value.makePath(destination.parent)
    let scratch: FileName = ".mirrorctl-snapshot"
    let remover = TreeRemover(cancellation: context.cancellation)
    for stale in [scratch, destination.name] where try parent.status(of: stale) != nil {
      try remover.remove(stale, in: parent)
    }
    try parent.makeDirectory(scratch)
    let unpacked = try parent.directory(scratch)
    let report = try unpack(snapshot, into: unpacked, excluding: [], log)
    guard try unpacked.status(of: prefix)?.kind == .directory else {
      throw MirrorError(
        .invalid, snapshot.string, "does not contain a directory `\(prefix)`",
        remedy: "set snapshot/prefix to its top directory")
    }
    try parent.take(prefix, from: unpacked, as: destination.name)
    try remover.remove(scratch, in: parent)
    return report.newest
  }

  private func unpack(
    _ tarball: FilePath, into directory: borrowing AnchoredDirectory, excluding excluded: [String],
    _ log: borrowing BuildLog
  ) throws(MirrorError) -> UnpackReport {
    var options = TreeUnpacker.Options()
    options.excluded = excluded
    options.threads = context.jobs
    options.idShift = confinement.idShift
    let size = (try? tarball.status())?.size ?? 0
    context.progress.begin("unpacking \(tarball.lastComponent?.string ?? "")", bytes: size, files: 0)
    defer { context.progress.end() }
    let unpacker = TreeUnpacker(options, cancellation: context.cancellation) {
      [progress = context.progress] in
      progress.add(bytes: $0)
    }
    let report = try unpacker.unpack(tarball, into: directory)
    for note in report.notes { log.note(note) }
    return report
  }
}

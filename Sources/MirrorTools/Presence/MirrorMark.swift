import MirrorModel
public import LinuxSystem
public import SystemPackage

/// Tells a mirror from any other directory.
///
/// A mirror has a subarch or a snapshot, or the file that `mirrorctl init`, `add` and `upkeep --create` leave at its
/// root. A mount point whose file system is missing, or a mistyped path, has neither.
public enum MirrorMark {
  /// At the mirror's root; hidden, so that it is never published.
  static let fileName: FileName = ".mirrorctl.mirror"

  /// Refuses a directory that is not a mirror, before anything is written to it.
  ///
  /// - Throws: ``MirrorError`` with code `refused`, or what keeps the directory from being read.
  public static func check(_ root: FilePath) throws(MirrorError) {
    let anchor = try AnchoredDirectory(root: root)
    if try anchor.status(of: fileName)?.kind == .regular { return }
    if MirrorShape.mirror.fits(anchor) { return }
    throw MirrorError(
      .refused, "\(root)", "is not a mirror: it holds no subarch and no snapshot",
      remedy:
        "check the path, and that its file system is mounted; to begin a mirror there \(run: .create)"
    )
  }

  /// Marks a directory as a mirror.
  public static func write(to root: FilePath, _ layout: OwnershipRules) throws(MirrorError) {
    let anchor = try AnchoredDirectory(root: root, layout: layout)
    guard try anchor.status(of: fileName) == nil else { return }
    try DurableFile.write(
      Array("mirrorctl \(ToolVersion.text)\n".utf8), to: fileName, in: anchor, try anchor.fileOwnership())
  }
}

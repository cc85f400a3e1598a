public import MirrorModel
public import LinuxSystem
public import SystemPackage

/// Distinguishes a mirror from other directories.
///
/// A mirror contains a subarch or a snapshot, or the file that `mirrorctl init`, `add` and `upkeep --create`
/// write to its root. A mount point without its file system, or a mistyped path, contains neither.
public enum MirrorMark {
  /// At the root of the mirror; hidden, so that it is never published.
  static let fileName: FileName = ".mirrorctl.mirror"

  /// Refuses a directory that is not a mirror, before anything is written to it.
  ///
  /// - Throws: ``MirrorError`` with code `refused`, or an error reading the directory.
  public static func check(_ root: FilePath, _ kinds: ArtifactKinds) throws(MirrorError) {
    let anchor = try AnchoredDirectory(root: root)
    if try anchor.status(of: fileName)?.kind == .regular { return }
    if MirrorShape.mirror.fits(anchor, kinds) { return }
    throw MirrorError(
      .refused, "\(root)", "is not a mirror: it contains no subarch and no snapshot",
      remedy:
        "check the path, and that its file system is mounted; to create a mirror there, \(run: .create)"
    )
  }

  /// Refuses a directory that is not a mirror, or one that is being rebuilt.
  ///
  /// - Throws: ``MirrorError`` with code `refused`, or an error reading the directory.
  package static func checkWhole(_ root: FilePath, _ kinds: ArtifactKinds) throws(MirrorError) {
    try RebuildMark.check(try AnchoredDirectory(root: root))
    try check(root, kinds)
  }

  /// Marks a directory as a mirror.
  public static func write(to root: FilePath, _ ownershipRules: OwnershipRules) throws(MirrorError) {
    let anchor = try AnchoredDirectory(root: root, ownershipRules: ownershipRules)
    guard try anchor.status(of: fileName) == nil else { return }
    try DurableFile.write(
      Array("mirrorctl \(ToolVersion.text)\n".utf8), to: fileName, in: anchor, try anchor.fileOwnership())
  }
}

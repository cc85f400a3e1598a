package import LinuxSystem

/// The role of a directory as shown by the names in it; an unreadable one has none.
package enum MirrorShape: Int {
  case mirror, build, arch, subarch

  /// The shape expected at a path in the mirror; nil if it is deeper.
  init?(of path: MirrorPath) { self.init(rawValue: path.components.count) }

  /// Whether a directory has this shape: it contains a subarch, a snapshot or binary packages at the
  /// right depth.
  package func fits(_ directory: borrowing AnchoredDirectory, _ kinds: ArtifactKinds) -> Bool {
    guard let entries = try? directory.entries() else { return false }
    let directories = entries.filter { $0.kind == .directory }.map(\.name)
    if self == .subarch {
      return directories.contains { $0 == ControlDirectory.name || VersionDate($0.bytes) != nil }
    }
    if directories.contains(MirrorGrammar.packages),
      let packages = try? directory.directory(MirrorGrammar.packages),
      let inside = try? packages.entries(), !inside.isEmpty
    {
      return true
    }
    if self == .arch, entries.contains(where: { TarballName($0.name, kinds)?.snapshotParts != nil }) {
      return true
    }
    guard let inner = MirrorShape(rawValue: rawValue + 1) else { return false }
    return directories.contains { name in
      guard !name.isHidden, let below = try? directory.directory(name) else { return false }
      return inner.fits(below, kinds)
    }
  }
}

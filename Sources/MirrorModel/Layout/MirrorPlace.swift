package import LinuxSystem

/// The meaning of a path in a mirror, as far as its components show it.
///
/// By its name alone, a file beside directories looks like one of them, such as `README` in the root like a
/// build. Only the disk shows the difference.
package enum MirrorPlace: Hashable, Sendable {
  /// The root.
  case root
  /// An entry of the root: a line of development, or a file such as `index.xml`.
  case build(FileName)
  /// An entry below a directory of the root that is not a build: `streams`, `project`.
  case service(MirrorPath)
  /// A directory named `binpackages`, or a path below it: trees of binary packages.
  case packages(MirrorPath)
  /// The directory of a build's snapshots of package trees.
  case snapshots(build: FileName)
  /// A file of a build's snapshots; the path is relative to that directory.
  case snapshot(MirrorPath, build: FileName)
  /// An entry of a build: an architecture.
  case arch(FileName, build: FileName)
  /// An entry of an architecture: a subarch.
  case subarch(SubarchPlace)
  /// An entry of a subarch: a version, or a file such as `stage3-latest.tar.xz`.
  case version(FileName, SubarchPlace)
  /// A file of a version; the path is relative to the version's directory.
  case versionFile(MirrorPath, version: FileName, SubarchPlace)
  /// The control directory of a subarch.
  case control(SubarchPlace)
  /// A file below the control directory; the path is relative to that directory.
  case controlFile(MirrorPath, SubarchPlace)

  /// The subarch that it is or is inside of.
  package var subarch: SubarchPlace? {
    switch self {
    case .subarch(let subarch), .version(_, let subarch), .versionFile(_, _, let subarch),
      .control(let subarch),
      .controlFile(_, let subarch):
      subarch
    case .root, .build, .service, .packages, .snapshots, .snapshot, .arch: nil
    }
  }

  /// The name of the snapshot; nil for anything else, including entries in directories among snapshots.
  package var snapshotName: FileName? {
    guard case .snapshot(let file, _) = self, !file.bytes.contains(UInt8(ascii: "/")) else { return nil }
    return file.name
  }

  /// Whether it is in a build's directory of snapshots.
  package var isInSnapshots: Bool {
    if case .snapshot = self { true } else { false }
  }

  /// Whether it is a tree of binary packages, or in one.
  package var isInPackages: Bool {
    if case .packages = self { true } else { false }
  }

  /// The version that it is a file of.
  package var version: (name: FileName, subarch: SubarchPlace)? {
    guard case .versionFile(_, let version, let subarch) = self else { return nil }
    return (version, subarch)
  }

  /// The version file that it is.
  package var versionFile: VersionFile? {
    guard case .versionFile(let file, _, _) = self else { return nil }
    return VersionFile(file)
  }

  /// The control file that it is.
  package var controlFile: ControlFile? {
    guard case .controlFile(let file, _) = self else { return nil }
    return ControlFile(file)
  }
}

/// A subarch by its names.
package struct SubarchPlace: Hashable, Sendable {
  package let build: FileName
  package let arch: FileName
  package let name: FileName

  /// Whether one of its names is hidden, so that it does not belong to the mirror.
  package var isHidden: Bool { build.isHidden || arch.isHidden || name.isHidden }

  package init(build: FileName, arch: FileName, name: FileName) {
    self.build = build
    self.arch = arch
    self.name = name
  }
}

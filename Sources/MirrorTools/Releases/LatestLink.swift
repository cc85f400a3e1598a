package import MirrorModel
package import LinuxSystem

/// A link to the newest tarball, with the links to its digests and signatures.
package struct LatestLink {
  /// The link, relative to the root of the mirror; its extension may differ from the tarball's.
  package let path: MirrorPath

  private let kinds: ArtifactKinds

  /// Describes a link.
  package init(_ path: MirrorPath, _ kinds: ArtifactKinds) { (self.path, self.kinds) = (path, kinds) }

  /// The link's path with the extension of a target: what is not compressed yet is not called `.tar.xz`.
  package func path(following target: MirrorPath) -> MirrorPath {
    guard let own = TarballName(path.name, kinds), let other = TarballName(target.name, kinds) else {
      return path
    }
    return path.parent.appending(own.stem.appending(other.suffix))
  }

  /// Points it to a tarball, or to a directory.
  ///
  /// The link itself comes last: a run that is killed before finds it as it was, and repeats everything.
  ///
  /// - Parameters:
  ///   - target: relative to the root of the mirror.
  ///   - keepsMetalink: whether the link to a metalink is kept if the target has no metalink yet.
  /// - Returns: the path of the link.
  @discardableResult
  package func point(
    to target: MirrorPath, in anchor: borrowing AnchoredDirectory, keepsMetalink: Bool = false
  ) throws(MirrorError) -> MirrorPath {
    let directory = try anchor.makePath(path.parent)
    let name = path(following: target).name
    if let there = try directory.status(of: name), there.kind != .link {
      throw MirrorError(
        .invalid, directory.displayed(name), "is not a link, so it cannot point to the latest tarball",
        remedy: "move it away")
    }
    let text = Self.text(to: target, from: path.parent)
    let ownership = try directory.fileOwnership()
    // A link's digests and signatures are links to those of its target.
    let beside = try anchor.directory(target.parent)
    for kind in SidecarKind.allCases where kinds.includes(name) {
      let sidecar = name.appending(kind.rawValue)
      if try beside.status(of: target.name.appending(kind.rawValue)) != nil {
        try directory.replaceLink(sidecar, to: text.bytes + Array(kind.rawValue.utf8), ownership)
      } else if !(keepsMetalink && kind == .metalink), try directory.status(of: sidecar)?.kind == .link {
        try directory.unlink(sidecar)
      }
    }
    try directory.replaceLink(name, to: text.bytes, ownership)
    try directory.sync()
    return path.parent.appending(name)
  }

  /// Removes it, after the links to its digests and signatures: a run that is killed before repeats everything.
  package func remove(in anchor: borrowing AnchoredDirectory) throws(MirrorError) {
    let directory = try anchor.directory(path.parent)
    for name in SidecarKind.allCases.reversed().map({ path.name.appending($0.rawValue) }) + [path.name]
    where try directory.status(of: name)?.kind == .link {
      try directory.unlink(name)
    }
    try directory.sync()
  }

  /// The text of a link in a directory.
  package static func text(to path: MirrorPath, from directory: MirrorPath) -> MirrorPath {
    let (path, directory) = (path.components, directory.components)
    let shared = zip(path, directory).prefix { $0 == $1 }.count
    let up = Array(repeating: FileName(".."), count: directory.count - shared)
    return (up + path[shared...]).reduce(MirrorPath("")) { $0.appending($1) }
  }
}

import MirrorModel
import LinuxSystem

/// Plans links beside links to tarballs: one to each sidecar, and no dead ones.
struct LinkPlanner {
  let options: DigestOptions
  let beingBuilt: [MirrorPath]

  func plan(_ mirror: Mirror, into plan: inout DigestPlan) {
    let (borders, kinds) = (mirror.borders, mirror.kinds)
    let linked = mirror.folders.filter { !$0.links.isEmpty && options.includes($0.path) }
    let wanted = Set(linked.flatMap { $0.links.compactMap { $0.destination?.parent } })
    let (signed, doubtful) = signatures(in: plan)
    var folders: [MirrorPath: Folder] = [:]
    for folder in mirror.folders where wanted.contains(folder.path) { folders[folder.path] = folder }
    for folder in linked {
      for link in folder.links where !beingBuilt.contains(where: { link.path.isWithin($0) }) {
        if kinds.includes(link.path.name) {
          guard link.isDead || !borders.areCrossed(by: link.path, to: link.destination) else { continue }
          planTarballLink(link, in: folder, kinds, folders, signed, doubtful, into: &plan)
        } else if let (_, tarball) = SidecarKind.parse(link.path.name, kinds), link.isDead,
          folder.link(tarball) == nil, folder.tarball(tarball) == nil
        {
          plan.links.append(.init(path: link.path, text: nil))
        }
      }
    }
  }

  private func planTarballLink(
    _ link: Link, in folder: Folder, _ kinds: ArtifactKinds, _ folders: [MirrorPath: Folder],
    _ signed: Set<MirrorPath>, _ doubtful: Set<MirrorPath>, into plan: inout DigestPlan
  ) {
    guard let destination = link.destination else { return }
    let home = folders[destination.parent]
    let tarball = home?.tarball(destination.name)
    if link.isDead {
      guard !isAwaitingCompression(destination, in: home, kinds) else { return }
      plan.links.append(.init(path: link.path, text: nil))
    } else if tarball == nil {
      // A link to a link, or to something that is not a tarball, is ignored.
      return
    }
    for kind in SidecarKind.allCases {
      let name = link.path.name.appending(kind.rawValue)
      let path = folder.path.appending(name)
      let existing = folder.link(name)
      let sidecar = destination.parent.appending(destination.name.appending(kind.rawValue))
      let text = FileName(bytes: link.text).appending(kind.rawValue)
      if existing != nil, doubtful.contains(sidecar) {
        plan.signatureLinks.append((sidecar, .init(path: path, text: text)))
      }
      if let home, let tarball, signed.contains(sidecar) || has(kind, tarball, in: home) {
        if existing?.text != text.bytes { plan.links.append(.init(path: path, text: text)) }
      } else if existing != nil {
        plan.links.append(.init(path: path, text: nil))
      }
    }
  }

  /// Signatures that will exist, and those that may be removed.
  private func signatures(in plan: DigestPlan) -> (signed: Set<MirrorPath>, doubtful: Set<MirrorPath>) {
    let replaced = plan.signatures.filter { $0.reason != .new }
    return (
      Set(plan.signatures.map(\.destination)),
      Set(replaced.map(\.destination)).union(plan.outdated.map(\.path))
    )
  }

  private func has(_ kind: SidecarKind, _ tarball: Tarball, in folder: Folder) -> Bool {
    let willBeWritten =
      tarball.format.isReleased && !beingBuilt.contains { tarball.path.isWithin($0) }
      && (kind == folder.layout.digestFile || (kind == .digests && options.formats.contains(.digests)))
    return willBeWritten || folder.sidecar(kind, of: tarball.name) != nil
  }

  /// Metro moves the link before it compresses; until then the plain tarball exists.
  private func isAwaitingCompression(
    _ destination: MirrorPath, in folder: Folder?, _ kinds: ArtifactKinds
  ) -> Bool {
    guard let stem = TarballName(destination.name, kinds)?.stem else { return false }
    let plain = stem.appending(".tar")
    return folder?.tarball(plain) != nil
  }
}

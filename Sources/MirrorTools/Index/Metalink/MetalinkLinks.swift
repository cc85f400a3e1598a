import MirrorModel
import LinuxSystem

/// Maintains links to metalinks beside links to tarballs: `stage3-latest.tar.xz.meta4`.
struct MetalinkLinks {
  /// Metalinks in the mirror.
  let present: Set<MirrorPath>

  func apply(
    _ mirror: Mirror, _ anchor: borrowing AnchoredDirectory, _ changed: inout [MirrorPath],
    _ problems: inout [MirrorError]
  ) {
    let (ending, borders) = (SidecarKind.metalink.rawValue, mirror.borders)
    for folder in mirror.folders {
      for link in folder.links where mirror.kinds.includes(link.path.name) {
        guard let destination = link.destination else { continue }
        let metalink = destination.parent.appending(destination.name.appending(ending))
        let isWanted =
          present.contains(metalink) && !borders.areCrossed(by: link.path, to: link.destination)
        let name = link.path.name.appending(ending)
        let existing = folder.link(name)
        let text = link.text + Array(ending.utf8)
        guard isWanted ? existing?.text != text : existing != nil else { continue }
        do throws(MirrorError) {
          let directory = try anchor.directory(folder.path)
          // A file that is not a link belongs to somebody else.
          if let status = try directory.status(of: name), status.kind != .link { continue }
          if isWanted {
            try directory.replaceLink(name, to: text, Ownership(of: try directory.status()))
          } else {
            try directory.unlink(name)
          }
          try directory.sync()
          changed.append(folder.path.appending(name))
        } catch { problems.append(error) }
      }
    }
  }
}

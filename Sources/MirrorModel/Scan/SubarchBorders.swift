public import LinuxSystem

/// The directories of a mirror's subarches: a link that leads from one into another offers foreign files.
package struct SubarchBorders: Sendable {
  private let subarches: Set<MirrorPath>

  fileprivate init(_ subarches: Set<MirrorPath>) { self.subarches = subarches }

  /// Whether a link with this path is in a subarch, and leads into another one.
  package func areCrossed(by path: MirrorPath, to destination: MirrorPath?) -> Bool {
    guard let own = path.subarch, own != path, let other = destination?.subarch else { return false }
    return own != other && subarches.contains(other)
  }
}

extension Mirror {
  /// The directories of all subarches.
  package var borders: SubarchBorders { SubarchBorders(Set(allSubarches.map(\.path))) }

  /// Links of one subarch into another, which nothing else reports.
  public var strayLinks: [MirrorError] {
    let borders = borders
    let links = subarches.flatMap(\.folders).flatMap(\.links).filter { link in
      borders.areCrossed(by: link.path, to: link.destination)
        && SidecarKind.parse(link.path.name, kinds) == nil
    }
    return links.map(\.path).sorted().map { path in
      MirrorError(
        .invalid, displayed(path), "is a symbolic link into another subarch: it is never offered",
        remedy: "remove it")
    }
  }
}

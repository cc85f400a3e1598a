public import LinuxSystem
public import MirrorModel
import FlexData

extension RotationSettings {
  /// Names in the lists that the mirror does not contain, and subarches of the mirror that are in no list.
  ///
  /// A mistyped name would take a subarch out of the rotation, the index and all published copies.
  ///
  /// - Parameter mirror: the complete mirror.
  public func oddities(in mirror: Mirror) -> [MirrorError] {
    let subarches = mirror.allSubarches
    let builds = Set(mirror.builds.map(\.name) + subarches.map(\.build))
    let arches = Set(mirror.builds.flatMap(\.arches).map(\.name) + subarches.map(\.arch))
    let names = Set(subarches.map(\.name))
    let lists: [(key: String, list: [FileName]?, known: Set<FileName>)] = [
      ("builds", self.builds, builds), ("all-builds", allBuilds, builds),
      ("ignore-builds", ignoredBuilds, builds),
      ("arches", self.arches, arches), ("all-arches", allArches, arches),
      ("subarches", self.subarches, names),
      ("also-stored", alsoStored, names),
    ]
    let unknown = lists.flatMap { key, list, known in
      (list ?? []).filter { !known.contains($0) }.map { Self.unknown($0, key, known) }
    }
    let unlisted = subarches.filter { !isStored($0) && !isIgnored($0) }
    return unknown + (unlisted.isEmpty ? [] : [Self.unlisted(unlisted.map(\.path), in: mirror)])
  }

  /// Whether the configuration ignores a subarch on purpose.
  func isIgnored(_ subarch: Subarch) -> Bool {
    ignored.contains { path in
      path.bytes == subarch.build.bytes || path.bytes == subarch.name.bytes || path == subarch.path
    }
  }

  private static func unknown(_ name: FileName, _ key: String, _ known: Set<FileName>) -> MirrorError {
    let near = Spelling.nearest(to: name.description, in: known.map(\.description).sorted())
    return MirrorError(
      .invalid, "rotation/\(key)", "`\(name)` is not in the mirror",
      remedy: near.map { "did you mean \($0)?" }
        ?? "check the spelling, or prepare it with \(run: .preparation)")
  }

  private static func unlisted(_ paths: [MirrorPath], in mirror: Mirror) -> MirrorError {
    MirrorError(
      .invalid, "[section rotation]", "does not list \(paths.summary) in \(mirror.root)",
      remedy: "add it to subarches or also-stored, or to ignore to silence this")
  }
}

extension [MirrorPath] {
  /// The first few paths, and the number of others.
  var summary: String {
    let shown = prefix(5).map(\.description).joined(separator: ", ")
    return count > 5 ? "\(shown) and \(count - 5) more" : shown
  }
}

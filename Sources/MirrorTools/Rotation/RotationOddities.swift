public import LinuxSystem
public import MirrorModel
import FlexData

extension RotationSettings {
  /// Names in the lists that the mirror does not contain, and subarches of the mirror that are in no list.
  ///
  /// A mistyped name would take a subarch out of the rotation, the index and all published copies.
  ///
  /// - Parameter mirror: the complete mirror.
  public func oddities(in mirror: Mirror) -> [MirrorError] { judgement(of: mirror).oddities }

  /// The same, and those of them that are names which neither the mirror contains nor the specs know: nothing can be
  /// built for them.
  func judgement(of mirror: Mirror) -> (oddities: [MirrorError], unknownNames: [MirrorError]) {
    let unlisted = mirror.allSubarches.filter { !isStored($0) && !isIgnored($0) }
    let absentees = absentees(in: mirror)
    return (
      absentees.map(\.error) + (unlisted.isEmpty ? [] : [Self.unlisted(unlisted.map(\.path), in: mirror)]),
      absentees.filter { !$0.isKnown }.map(\.error)
    )
  }

  /// Names in the lists that the mirror does not contain, and whether the specs know them.
  private func absentees(in mirror: Mirror) -> [(error: MirrorError, isKnown: Bool)] {
    let subarches = mirror.allSubarches
    let builds = Set(mirror.builds.map(\.name) + subarches.map(\.build))
    let arches = Set(mirror.builds.flatMap(\.arches).map(\.name) + subarches.map(\.arch))
    let names = Set(subarches.map(\.name))
    let lists: [(key: String, list: [FileName]?, stored: Set<FileName>, specs: Set<FileName>)] = [
      ("builds", self.builds, builds, specNames.builds), ("all-builds", allBuilds, builds, specNames.builds),
      ("ignore-builds", ignoredBuilds, builds, specNames.builds),
      ("arches", self.arches, arches, specNames.arches), ("all-arches", allArches, arches, specNames.arches),
      ("subarches", self.subarches, names, specNames.subarches),
      ("also-stored", alsoStored, names, specNames.subarches),
    ]
    return lists.flatMap { key, list, stored, specs in
      (list ?? []).filter { !stored.contains($0) }.map { name in
        (Self.absent(name, key, stored, specs), specs.contains(name))
      }
    }
  }

  /// Whether the configuration ignores a subarch on purpose.
  func isIgnored(_ subarch: Subarch) -> Bool {
    ignored.contains { path in
      path.bytes == subarch.build.bytes || path.bytes == subarch.name.bytes || path == subarch.path
    }
  }

  private static func absent(
    _ name: FileName, _ key: String, _ stored: Set<FileName>, _ specs: Set<FileName>
  ) -> MirrorError {
    guard !specs.contains(name) else {
      return MirrorError(
        .invalid, "rotation/\(key)", "`\(name)` is not in the mirror",
        remedy: "prepare it with \(run: .preparation)")
    }
    // Specs accept other names of builds.
    let isBuild = key.hasSuffix("builds")
    let problem =
      specs.isEmpty || isBuild ? "is not in the mirror" : "is neither in the mirror nor known to the specs"
    let near = Spelling.nearest(to: name.description, in: stored.union(specs).map(\.description).sorted())
    return MirrorError(
      .invalid, "rotation/\(key)", "`\(name)` \(problem)",
      remedy: near.map { "did you mean \($0)?" }
        ?? "check the spelling, or prepare it with \(run: .preparation)")
  }

  private static func unlisted(_ paths: [MirrorPath], in mirror: Mirror) -> MirrorError {
    MirrorError(
      .invalid, "[section rotation]", "does not list \(paths.summary) in \(mirror.root)",
      remedy: "add it to subarches or also-stored, or to ignore to silence this")
  }
}

/// The names that conditions of the specs compare, by level.
struct SpecNames: Sendable {
  var (builds, arches, subarches): (Set<FileName>, Set<FileName>, Set<FileName>) = ([], [], [])

  init() {}

  init(_ elements: Elements) {
    func names(_ element: String) -> Set<FileName> {
      Set(elements.comparedValues(of: element).map { FileName($0) })
    }
    (builds, arches, subarches) = (
      names("target/build"), names("target/arch_desc"), names("target/subarch")
    )
  }
}

extension [MirrorPath] {
  /// The first few paths, and the number of others.
  var summary: String {
    let shown = prefix(5).map(\.description).joined(separator: ", ")
    return count > 5 ? "\(shown) and \(count - 5) more" : shown
  }
}

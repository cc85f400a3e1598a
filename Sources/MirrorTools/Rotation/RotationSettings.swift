public import MirrorModel
public import LinuxSystem

/// What to build here, how often, and how.
public struct RotationSettings: Sendable {
  /// Age in days from which a subarch is built again.
  public var staleDays = 3
  /// Number of consecutive failures that take a subarch out of the rotation until it is zapped.
  public var maxFailcount = 3
  /// Ways of building, in turn; each may name images, as in `full+openvz`.
  public var modes = ["full"]
  /// Images to make from the stage3, by path or name of a subarch; the path takes precedence.
  public var extras: [MirrorPath: [String]] = [:]

  /// Ways of building for single subarches, by name or `BUILD/SUBARCH`.
  var modesByName: [MirrorPath: [String]] = [:]
  /// Builds (lines of development) made here; nil for all found. Likewise for arches and subarches.
  package var builds: [FileName]?
  package var arches: [FileName]?
  package var subarches: [FileName]?
  /// Subarches that are stored here and built elsewhere.
  var alsoStored: [FileName] = []
  /// Builds and architectures that are stored here, wherever they are built; nil for those built here.
  var allBuilds: [FileName]?
  var allArches: [FileName]?
  /// Builds that the index omits.
  public var ignoredBuilds: [FileName] = []
  /// Builds and subarches, by name or path, that are neither built nor stored here, on purpose.
  var ignored: [MirrorPath] = []
  /// The names that the specs know.
  var specNames = SpecNames()
  /// A shell command that decides how to build; nil for the tables.
  public var decide: String?
  /// Whether this command may be run.
  public var runsHostCode = true

  /// Metro's defaults: everything found is built here.
  public init() {}

  /// Uses these ways of building for all subarches.
  public mutating func setModes(_ modes: [String]) {
    self.modes = modes
    modesByName = [:]
    decide = nil
  }

  /// The subarches that are built here, in the order that breaks ties: as configured, otherwise by path.
  public func managed(in mirror: Mirror) -> [Subarch] {
    func rank(_ name: FileName, _ list: [FileName]?) -> Int { list?.firstIndex(of: name) ?? 0 }
    return mirror.subarches.filter(isManaged).enumerated().sorted { one, other in
      let ranks = [one, other].map { entry in
        [
          rank(entry.element.build, builds), rank(entry.element.arch, arches),
          rank(entry.element.name, subarches), entry.offset,
        ]
      }
      return ranks[0].lexicographicallyPrecedes(ranks[1])
    }.map(\.element)
  }

  /// Whether a subarch is built here.
  func isManaged(_ subarch: Subarch) -> Bool { isManaged(subarch.place) }

  /// Whether a subarch that may not exist yet is built here.
  func isManaged(_ subarch: SubarchPlace) -> Bool {
    builds?.contains(subarch.build) ?? true && arches?.contains(subarch.arch) ?? true
      && subarches?.contains(subarch.name) ?? !alsoStored.contains(subarch.name)
  }

  /// Whether a subarch failed too often to be built again before it is zapped.
  func hasGivenUp(_ subarch: Subarch) -> Bool {
    hasGivenUp(afterFailures: subarch.control.failcount)
  }

  /// Whether something that can be zapped failed too often.
  func hasGivenUp(afterFailures failures: Int) -> Bool { failures > 0 && givesUp(after: failures) }

  /// The extras and optional variants of a subarch that failed too often to be built again before it is
  /// zapped.
  func givenUpTargets(of subarch: Subarch) -> [FileName] {
    subarch.control.targetFailcounts.filter { hasGivenUp(afterFailures: $0.value) }.keys.sorted()
  }

  /// Whether this number of consecutive failures takes a subarch out of the rotation.
  public func givesUp(after failures: Int) -> Bool { failures >= maxFailcount }

  /// Whether a subarch is cleaned, digested and indexed here.
  func isStored(_ subarch: Subarch) -> Bool { isStored(subarch.place) }

  /// Whether a subarch that may not exist yet is stored here.
  func isStored(_ subarch: SubarchPlace) -> Bool {
    isStored(build: subarch.build) && (allArches ?? arches)?.contains(subarch.arch) ?? true
      && (subarches.map { $0 + alsoStored })?.contains(subarch.name) ?? true
      || isManaged(subarch)
  }

  /// Whether any part of a build is stored here.
  func isStored(build: FileName) -> Bool {
    (allBuilds ?? builds)?.contains(build) ?? true || builds?.contains(build) ?? false
  }

  /// The images to make for a subarch.
  func extras(of subarch: Subarch) -> [String] {
    extras[subarch.path] ?? subarch.names.lazy.compactMap { extras[$0] }.first ?? []
  }

  /// How to build a subarch next, by the tables: the images are those of the mode and of the subarch.
  func turn(of subarch: Subarch) -> BuildDecision {
    let modes = subarch.names.lazy.compactMap { modesByName[$0] }.first ?? modes
    let turn = Self.turn(after: subarch.made, of: modes.compactMap { BuildDecision($0) })
    let extras = extras(of: subarch).filter { !turn.extras.contains($0) }
    return BuildDecision(mode: turn.mode, extras: turn.extras + extras)
  }

  /// How to build a subarch whose finished builds are `built`, oldest first.
  ///
  /// A version records only whether it was a full build. The number of versions after the newest full build
  /// gives the position in the list; after its end, it starts again with a full build.
  private static func turn(after built: [Version], of modes: [BuildDecision]) -> BuildDecision {
    let full = BuildDecision(mode: "full", extras: [])
    guard let first = modes.first else { return full }
    guard !built.isEmpty, let position = modes.firstIndex(where: { $0.mode == full.mode }) else {
      return first
    }
    guard let newest = built.lastIndex(where: \.wasFull) else { return modes[position] }
    return modes[(position + built.count - newest) % modes.count]
  }
}

extension Subarch {
  /// Its names in the tables, the most specific first: `BUILD/SUBARCH`, `SUBARCH`.
  fileprivate var names: [MirrorPath] {
    let name = MirrorPath(bytes: self.name.bytes)
    return [MirrorPath(bytes: build.bytes).joined(name), name]
  }
}

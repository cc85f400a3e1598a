public import MirrorModel
public import LinuxSystem

/// What is built here, how often, and how.
public struct RotationSettings: Sendable {
  /// Days after which a subarch is built again.
  public var staleDays = 3
  /// Consecutive failures that take a subarch out of the rotation until it is zapped.
  public var maxFailcount = 3
  /// Ways of building, each the one that follows the one before it.
  public var modes = ["full"]
  /// Images to make from the stage3, by a subarch's path or its name alone; the path goes first.
  public var extras: [MirrorPath: [String]] = [:]

  /// Ways of building by a subarch's name, or `BUILD/SUBARCH`, where they differ.
  var modesByName: [MirrorPath: [String]] = [:]
  /// Lines of development that are built here; nil for all found. So for the others.
  var builds: [FileName]?
  package var arches: [FileName]?
  var subarches: [FileName]?
  /// Subarches that lie here and are built elsewhere.
  var alsoStored: [FileName] = []
  /// Lines of development and architectures that lie here, wherever they are built; nil for those built here.
  var allBuilds: [FileName]?
  var allArches: [FileName]?
  /// Lines of development that the index leaves out.
  public var ignoredBuilds: [FileName] = []
  /// Builds and subarches, by name or path, that are neither built nor stored here, and known to be.
  var ignored: [MirrorPath] = []
  /// A shell command that decides how to build; nil for the tables.
  public var decide: String?
  /// Whether that may be run.
  public var runsHostCode = true

  /// Metro's defaults: all that is found is built here.
  public init() {}

  /// Takes these ways of building for all subarches.
  public mutating func setModes(_ modes: [String]) {
    self.modes = modes
    modesByName = [:]
    decide = nil
  }

  /// The subarches that are built here, in the order that breaks ties: as configured, else in path order.
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

  /// The same of one that is not there yet.
  func isManaged(_ subarch: SubarchPlace) -> Bool {
    builds?.contains(subarch.build) ?? true && arches?.contains(subarch.arch) ?? true
      && subarches?.contains(subarch.name) ?? !alsoStored.contains(subarch.name)
  }

  /// Whether a subarch has failed too often to be built again before somebody has looked at it.
  func hasGivenUp(_ subarch: Subarch) -> Bool {
    subarch.control.failcount > 0 && givesUp(after: subarch.control.failcount)
  }

  /// Whether so many failures in a row take a subarch out of the rotation.
  public func givesUp(after failures: Int) -> Bool { failures >= maxFailcount }

  /// Whether a subarch is cleaned, digested and indexed here.
  func isStored(_ subarch: Subarch) -> Bool { isStored(subarch.place) }

  /// The same of one that is not there yet.
  func isStored(_ subarch: SubarchPlace) -> Bool {
    isStored(build: subarch.build) && (allArches ?? arches)?.contains(subarch.arch) ?? true
      && (subarches.map { $0 + alsoStored })?.contains(subarch.name) ?? true
      || isManaged(subarch)
  }

  /// Whether anything of a line of development is.
  func isStored(build: FileName) -> Bool {
    (allBuilds ?? builds)?.contains(build) ?? true || builds?.contains(build) ?? false
  }

  /// The images to make for a subarch.
  func extras(of subarch: Subarch) -> [String] {
    extras[subarch.path] ?? subarch.names.lazy.compactMap { extras[$0] }.first ?? []
  }

  /// How to build a subarch next.
  func mode(of subarch: Subarch) -> String {
    let modes = subarch.names.lazy.compactMap { modesByName[$0] }.first ?? modes
    return Self.mode(after: subarch.built, of: modes)
  }

  /// How to build a subarch whose finished builds are `built`, oldest first.
  ///
  /// A version tells only whether it was a full build. The ones after the newest full build tell how far the
  /// list has come since; where none is left, a full build begins it again.
  private static func mode(after built: [Version], of modes: [String]) -> String {
    let full = "full"
    guard let first = modes.first else { return full }
    guard !built.isEmpty, let position = modes.firstIndex(of: full) else { return first }
    guard let newest = built.lastIndex(where: \.isFull) else { return full }
    return modes[(position + built.count - newest) % modes.count]
  }
}

extension Subarch {
  /// What a table may call it, the most particular first: `BUILD/SUBARCH`, `SUBARCH`.
  fileprivate var names: [MirrorPath] {
    let name = MirrorPath(bytes: self.name.bytes)
    return [MirrorPath(bytes: build.bytes).joined(name), name]
  }
}

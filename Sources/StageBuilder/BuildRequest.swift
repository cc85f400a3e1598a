public import LinuxSystem
public import MirrorModel
public import MirrorTools

/// What to build.
public struct BuildRequest: Sendable {
  /// Stages of a subarch, a snapshot of the package tree, or whatever the definitions name as `target`.
  public enum Work: Sendable, Hashable {
    /// The targets of a mode, and images made from the finished stage.
    case stages(mode: String, extras: [String])
    /// Only the snapshot.
    case snapshot
  }

  /// The line of development, `funtoo-current`.
  public let build: String
  /// The architecture, `x86-64bit`; nil for a snapshot only.
  public let arch: String?
  /// The subarch, `generic_64`; nil for a snapshot only.
  public let subarch: String?
  /// What to build for it.
  public let work: Work
  /// The version, `2026-11-23` or `20261123T170302Z`.
  public private(set) var version: VersionDate
  /// Whether `build/version` may replace the version, because none was given.
  private var hasDefaultVersion = false
  /// The state of the package tree that the version was taken from.
  private(set) var revision: String?
  /// `NAME: VALUE` from the command line.
  public private(set) var definitions: [(name: String, value: String)]
  /// Extras and optional variants that are not built because they failed too often.
  private(set) var leftOut: Set<String> = []
  /// The only target to build; nil for all.
  private(set) var only: String?

  /// Stages of a subarch.
  ///
  /// - Parameters:
  ///   - mode: `full`, `freshen`, `quick` or `stage1`, optionally followed by images: `full+openvz`.
  ///   - isDefault: whether `build/version` may replace the version.
  /// - Throws: when a name is not valid.
  public init(
    build: String, arch: String, subarch: String, mode: String = "full", version: VersionDate,
    isDefault: Bool = false, definitions: [(name: String, value: String)] = []
  ) throws(MirrorError) {
    for name in [build, arch, subarch] { try Self.check(name) }
    guard let decision = BuildDecision(mode) else {
      throw MirrorError(
        .invalid, mode, "is not a build mode", remedy: "use full, freshen, quick, stage1 or full+openvz")
    }
    self.init(
      build: build, arch: arch, subarch: subarch,
      work: .stages(mode: decision.mode, extras: decision.extras), version: version, definitions: definitions)
    hasDefaultVersion = isDefault
  }

  /// The next build of the rotation.
  public init(_ next: NextBuild, definitions: [(name: String, value: String)] = []) throws(MirrorError) {
    try self.init(
      build: next.build.description, arch: next.archDesc.description, subarch: next.subarch.description,
      mode: ([next.target] + next.extras).joined(separator: "+"), version: next.nextDate,
      isDefault: true, definitions: definitions)
    leftOut = Set(next.leftOut)
  }

  /// A snapshot.
  ///
  /// - Parameter isDefault: whether `build/version` may replace the version.
  /// - Throws: when the name is not valid.
  public init(
    snapshotOf build: String, version: VersionDate, isDefault: Bool = false,
    definitions: [(name: String, value: String)] = []
  ) throws(MirrorError) {
    try Self.check(build)
    self.init(
      build: build, arch: nil, subarch: nil, work: .snapshot, version: version, definitions: definitions)
    hasDefaultVersion = isDefault
  }

  init(
    build: String, arch: String?, subarch: String?, work: Work, version: VersionDate,
    definitions: [(name: String, value: String)]
  ) {
    self.build = build
    self.arch = arch
    self.subarch = subarch
    self.work = work
    self.version = version
    self.definitions = definitions
  }

  /// The element that contains the commit that the version was taken from.
  static let revisionElement = "target/revision"

  /// Whether `build/version` defines the version.
  var takesDefaultVersion: Bool {
    hasDefaultVersion && !definitions.contains { $0.name == "target/version" }
  }

  /// The same request with a version that was taken from a state of the package tree.
  func taking(_ version: VersionDate, of revision: String) -> BuildRequest {
    var request = self
    request.version = version
    request.revision = revision
    return request
  }

  /// The same request with other definitions of these elements.
  func defining(_ elements: [(name: String, value: String)]) -> BuildRequest {
    var request = self
    request.definitions.removeAll { old in elements.contains { $0.name == old.name } }
    request.definitions += elements
    return request
  }

  /// The same request for one of its targets. The others are still part of the build: it is done when all of them exist.
  public func only(_ target: String?) -> BuildRequest {
    var request = self
    request.only = target
    return request
  }

  /// The same request with another mode.
  func replacing(mode: String) -> BuildRequest {
    var request = BuildRequest(
      build: build, arch: arch, subarch: subarch, work: .stages(mode: mode, extras: []), version: version,
      definitions: definitions.filter { $0.name != "multi/mode" })
    request.revision = revision
    return request
  }

  /// Path of the subarch in the mirror; nil for a snapshot only.
  public var path: MirrorPath? {
    guard let arch, let subarch else { return nil }
    return MirrorPath("\(build)/\(arch)/\(subarch)")
  }

  /// As on a command line.
  public var description: String {
    switch work {
    case .snapshot: "\(build) snapshot \(version)"
    case .stages(let mode, let extras):
      "\(build) \(arch ?? "") \(subarch ?? "") \(([mode] + extras).joined(separator: "+")) \(version)"
    }
  }

  /// The elements that describe the request, as Metro's scripts passed them, and the variant to make.
  func elements(target: String?, variant: String?) -> [(name: String, value: String)] {
    var pairs = [(name: "target/build", value: build), (name: "target/version", value: version.description)]
    if let revision { pairs.append((name: Self.revisionElement, value: revision)) }
    if let arch { pairs.append((name: "target/arch_desc", value: arch)) }
    if let subarch { pairs.append((name: "target/subarch", value: subarch)) }
    if case .stages(let mode, let extras) = work, !definitions.contains(where: { $0.name == "target" }) {
      pairs.append((name: "multi", value: "yes"))
      pairs.append((name: "multi/mode", value: mode))
      if !extras.isEmpty { pairs.append((name: "multi/extras", value: extras.joined(separator: " "))) }
    }
    if let target { pairs.append((name: "target", value: target)) }
    if let variant { pairs.append((name: "target/variant", value: variant)) }
    let said = Set(definitions.map(\.name)).subtracting(target == nil ? [] : ["target"])
    return pairs.filter { !said.contains($0.name) } + definitions.filter { said.contains($0.name) }
  }

  private static func check(_ name: String) throws(MirrorError) {
    guard !name.isEmpty, !name.hasPrefix("."), !name.hasPrefix("-"),
      name.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "/") })
    else {
      throw MirrorError(
        .invalid, name.isEmpty ? "the name" : name,
        "is not the name of a build, an architecture or a subarch",
        remedy: "give BUILD ARCH SUBARCH, as in funtoo-current x86-64bit generic_64")
    }
  }
}

import LinuxSystem
import MirrorModel
import SystemPackage

/// The order to build one target: all that an engine needs to do so, in this process or in another one.
struct BuildNode: Sendable {
  /// In the graph.
  let id: Int
  let request: BuildRequest
  let target: PlannedTarget
  /// `path/tmp`.
  let temporary: FilePath
  /// What must be free before it starts.
  let room: RoomNeeds
  /// Whether it exists, so that it needs no room.
  let isThere: Bool
  /// The subarch whose records it keeps; nil for a snapshot only.
  let records: MirrorPath?
  /// What its request made or found before.
  let earlier: [MirrorPath]
  /// Targets that its request lacks.
  let missing: Set<String>
}

extension BuildRequest {
  /// The command line that builds one of its targets by itself.
  func arguments(of target: PlannedTarget) -> [String] {
    var words = ["build", build]
    if case .stages(let mode, let extras) = work, let arch, let subarch {
      words += [arch, subarch, ([mode] + extras).joined(separator: "+"), "\(version)"]
      if namedTarget == nil { words += ["--target", target.name] }
    } else {
      words = ["snapshot", build, "\(version)"]
    }
    if let revision { words += ["\(Self.revisionElement):", revision] }
    for definition in definitions {
      words += ["\(definition.name):", definition.value]
    }
    return words
  }

  /// `BUILD/ARCH/SUBARCH`; the build for a snapshot only.
  public var label: String { path.map { "\($0)" } ?? build }
}

public import MirrorModel
public import LinuxSystem

/// Puts failing subarches back into the rotation.
public struct Zap: MirrorReport, Codable, Sendable, Hashable {
  /// Root of the mirror.
  public let mirror: String
  /// The failure counts to remove, relative to the root of the mirror.
  public let paths: [MirrorPath]
  /// Failures.
  public private(set) var messages: [MirrorError] = []
  private var isApplied = false

  private enum CodingKeys: CodingKey { case mirror, paths }

  /// Plans for every failing subarch, or only for those at or below `selection`.
  ///
  /// - Parameter selection: empty for all.
  /// - Throws: if one of these paths contains no subarch of the rotation.
  public init(_ mirror: Mirror, _ settings: RotationSettings, only selection: [MirrorPath] = [])
    throws(MirrorError)
  {
    let managed = settings.managed(in: mirror)
    for path in selection where !managed.contains(where: { $0.path.isWithin(path) }) {
      throw MirrorError(
        .invalid, mirror.displayed(path), "contains no subarch of the rotation",
        remedy: "give a path as printed by \(run: .status)")
    }
    self.mirror = "\(mirror.root)"
    paths = managed.filter { subarch in
      selection.isEmpty || selection.contains { subarch.path.isWithin($0) }
    }.flatMap { subarch in
      let own: [ControlFile] = subarch.control.failcount > 0 ? [.failcount] : []
      let targets = subarch.control.targetFailcounts.keys.sorted().map(ControlFile.targetFailcount)
      return (own + targets).map { subarch.path.control($0) }
    }
  }

  /// One line per count, in Metro's words once they are removed.
  public var lines: [ReportLine] {
    isApplied
      ? paths.map { "Removing \(displayed($0))..." }
      : paths.map { "would remove \(displayed($0))" }
  }

  /// Removes the counts. The mirror's lock must be held.
  public mutating func apply(in mirror: Mirror) throws(MirrorError) {
    let anchor = try AnchoredDirectory(root: mirror.root)
    isApplied = true
    for path in paths {
      do throws(MirrorError) {
        let control = try anchor.directory(path.parent)
        try control.unlink(path.name)
        try control.sync()
      } catch { messages.append(error) }
    }
  }
}

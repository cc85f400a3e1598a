public import SystemPackage

/// Brings failing subarches back into the rotation.
public struct Zap: Codable, Sendable, Hashable {
  /// The version of this plan's JSON.
  public let version: Int
  /// Where the mirror lies.
  public let mirror: String
  /// The failure counts to remove, relative to the mirror's root.
  public let paths: [MirrorPath]

  /// Plans for every failing subarch, or only for those at or below `selection`.
  ///
  /// - Parameter selection: paths as `status` prints them, or relative to the mirror; empty for all.
  /// - Throws: when one of them has no subarch of the rotation.
  public init(_ mirror: Mirror, _ settings: RotationSettings, only selection: [FilePath] = [])
    throws(MirrorError)
  {
    let managed = settings.managed(in: mirror)
    var chosen: [MirrorPath] = []
    for path in selection {
      let relative = mirror.relative(path)
      guard let relative, managed.contains(where: { $0.path.isWithin(relative) }) else {
        throw MirrorError(
          .invalid, escaped(path.platformBytes), "has no subarch of the rotation",
          remedy: "name one as `status` prints it")
      }
      chosen.append(relative)
    }
    version = 1
    self.mirror = "\(mirror.root)"
    paths = managed.filter { subarch in
      subarch.control.failcount > 0 && (chosen.isEmpty || chosen.contains { subarch.path.isWithin($0) })
    }.map { $0.path.appending(ControlDirectory.name).appending(".failcount") }
  }

  /// A line for each count, as Metro prints them.
  public var lines: [String] { paths.map { "Removing \(mirror)/\($0)..." } }

  /// Removes the counts from the mirror at `root`; returns what could not be removed.
  public func apply(to root: FilePath) throws(MirrorError) -> [MirrorError] {
    let anchor = try AnchoredDirectory(root: root)
    var problems: [MirrorError] = []
    for path in paths {
      do throws(MirrorError) {
        let control = try anchor.directory(path.parent)
        try control.unlink(path.name)
        try control.sync()
      } catch { problems.append(error) }
    }
    return problems
  }
}

extension Mirror {
  /// A path that the user gave, seen from the root, by its text alone; nil when it lies elsewhere.
  func relative(_ path: FilePath) -> MirrorPath? {
    var path = path.lexicallyNormalized()
    _ = path.removePrefix(root.lexicallyNormalized())
    guard path.isRelative, path.components.first?.kind != .parentDirectory else { return nil }
    return MirrorPath(bytes: path.platformBytes)
  }
}

extension FilePath {
  /// The path's bytes, without a terminating NUL.
  var platformBytes: [UInt8] {
    withPlatformString { UnsafeBufferPointer(start: $0, count: length).map(UInt8.init(bitPattern:)) }
  }
}

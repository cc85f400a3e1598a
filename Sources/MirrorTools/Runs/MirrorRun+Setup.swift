public import LinuxSystem
import MirrorModel

extension MirrorRun {
  /// Prepares a subarch for its first build. The directory becomes a mirror if it is not one yet.
  public func apply(_ setup: SubarchSetup) throws(MirrorError) -> SubarchSetup.Made {
    let made = try setup.apply(in: root, try ownership(), configuration.kinds)
    noteChanges()
    try mark()
    if !made.made.isEmpty { journal([.init(.prepared, setup.subarch)]) }
    return made
  }

  /// Adds a stage that was built elsewhere. The directory becomes a mirror if it is not one yet.
  public func apply(_ addition: StageAddition) throws(MirrorError) -> StageAddition.Made {
    let made = try addition.apply(try digests(), scanner)
    noteChanges()
    try mark()
    if made.messages.isEmpty { journal([.init(.added, addition.version)]) }
    return made
  }

  /// Accepts that places were removed for good.
  ///
  /// - Parameter isDryRun: whether only to list them.
  public func forget(_ paths: [MirrorPath], isDryRun: Bool = false) throws(MirrorError) -> Forgetting {
    let catalog = try catalog()
    var forgetting = try Forgetting(try scanner.scan(), paths, catalog)
    if !isDryRun {
      try forgetting.apply(to: catalog)
      journal(forgetting.places.map { .init(.forgotten, $0) })
    }
    return forgetting
  }

  /// Resets failure counts.
  ///
  /// - Parameters:
  ///   - paths: subarches, or directories above them; none for all.
  ///   - isDryRun: whether only to list them.
  public func zap(_ paths: [MirrorPath], isDryRun: Bool = false) throws(MirrorError) -> Zap {
    let mirror = try scan()
    for name in mirror.unknownNames { tell(name) }
    var zap = try Zap(mirror, configuration.rotation, only: paths)
    guard !isDryRun else { return zap }
    try zap.apply(in: mirror)
    noteChanges(at: zap.paths)
    journal(Set(zap.paths.compactMap(\.subarch)).sorted().map { .init(.cleared, $0) })
    return zap
  }
}

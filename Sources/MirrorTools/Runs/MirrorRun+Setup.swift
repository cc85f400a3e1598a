public import LinuxSystem
import MirrorModel

extension MirrorRun {
  /// Prepares a subarch for its first build. The directory becomes a mirror if it is not one yet.
  public func apply(_ setup: SubarchSetup) throws(MirrorError) -> SubarchSetup.Made {
    let made = try setup.apply(in: root, try ownership(), configuration.kinds)
    noteChanges()
    try mark()
    return made
  }

  /// Adds a stage that was built elsewhere. The directory becomes a mirror if it is not one yet.
  public func apply(_ addition: StageAddition) throws(MirrorError) -> StageAddition.Made {
    let made = try addition.apply(try digests(), scanner)
    noteChanges()
    try mark()
    return made
  }

  /// Accepts that places were removed for good.
  ///
  /// - Parameter isDryRun: whether only to list them.
  public func forget(_ paths: [MirrorPath], isDryRun: Bool = false) throws(MirrorError) -> Forgetting {
    let catalog = try catalog()
    var forgetting = try Forgetting(try scanner.scan(), paths, catalog)
    if !isDryRun { try forgetting.apply(to: catalog) }
    return forgetting
  }
}

import LinuxSystem
import MirrorModel

/// The file that a target makes.
protocol TargetOutput {
  /// Relative to the mirror's root.
  var path: MirrorPath { get }

  /// The finished file; nil if there is none.
  func existing() throws(MirrorError) -> MirrorPath?

  /// Removes the existing file before a step of the spec makes it again.
  func remove() throws(MirrorError)

  /// Removes what a killed build left unfinished. The target's progress file must be held.
  func removeUnfinished() throws(MirrorError)

  /// Throws if a program is missing that makes it.
  func checkTools() throws(MirrorError)
}

extension TarballOutput: TargetOutput {}

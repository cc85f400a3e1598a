extension Subarch {
  /// Complete versions whose build has ended, oldest first.
  ///
  /// As in Metro a version without `status` is in progress, though its stage3 may lie there half-written.
  var built: [Version] { versions.filter { $0.hasStatus && $0.isComplete } }
}

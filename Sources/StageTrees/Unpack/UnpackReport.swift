/// The result of unpacking.
package struct UnpackReport: Hashable, Sendable {
  /// Number of members read, including skipped ones.
  package internal(set) var entries = 0
  /// Bytes written to files, without holes.
  package internal(set) var bytes: Int64 = 0
  /// The time of the newest file or directory, in seconds since the epoch; nil if there is none.
  package internal(set) var newest: Int64?
  /// Differences from the tarball, for the user.
  package var notes: [String] { collected.lines }
  var collected = Notes()
}

/// What was unpacked.
package struct UnpackReport: Hashable, Sendable {
  /// Members that were read, those left out too.
  package internal(set) var entries = 0
  /// Bytes written to files; holes are none.
  package internal(set) var bytes: Int64 = 0
  /// When the newest file or directory was last written to, in seconds since the epoch; nil if there is none.
  package internal(set) var newest: Int64?
  /// What was not done as the tarball has it, for a person.
  package var notes: [String] { collected.lines }
  var collected = Notes()
}

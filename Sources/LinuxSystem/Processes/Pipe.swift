import CLinux

/// The two ends of a pipe that no other program inherits.
package struct Pipe: ~Copyable {
  private let source: Descriptor
  package let writing: Descriptor

  /// - Parameters:
  ///   - name: of the program, for errors.
  ///   - isNeeded: if not, both ends are invalid.
  package init(for name: String, isNeeded: Bool = true) throws(MirrorError) {
    var ends: [Int32] = [-1, -1]
    guard !isNeeded || clinux_pipe(&ends) == 0 else { throw .system(lastErrno(), "create a pipe", name) }
    source = Descriptor(owning: ends[0])
    writing = Descriptor(owning: ends[1])
  }

  /// The reading end, when nobody here writes any more.
  package consuming func reading() -> Descriptor { source }
}

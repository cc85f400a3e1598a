/// The users or groups that exist in a user namespace; see user_namespaces(7).
package struct IDMap: Sendable {
  /// Numbers inside, and those outside that they stand for.
  private struct Range: Hashable {
    let first: UInt32
    let outer: UInt32
    let count: UInt32
  }

  /// nil if the map cannot be read.
  private let ranges: [Range]?

  /// The users of this process's namespace.
  package static var users: IDMap { IDMap(ProcFile.text("/proc/self/uid_map")) }
  /// The groups of this process's namespace.
  package static var groups: IDMap { IDMap(ProcFile.text("/proc/self/gid_map")) }

  /// Parses `/proc/PID/uid_map`; nil if it cannot be read.
  package init(_ text: String?) {
    ranges = text.map { text in
      text.split(separator: "\n").compactMap { line in
        let numbers = line.split(separator: " ").compactMap { UInt32($0) }
        return numbers.count == 3 ? Range(first: numbers[0], outer: numbers[1], count: numbers[2]) : nil
      }
    }
  }

  /// Whether it leaves every number as it is, as on the host; true if the map cannot be read.
  package var isWhole: Bool {
    guard let first = ranges?.first else { return true }
    return first == Range(first: 0, outer: 0, count: .max)
  }

  /// The number outside that 0 stands for; 0 if there is none.
  package var outerRoot: UInt32 {
    guard let first = ranges?.first, first.first == 0 else { return 0 }
    return first.outer
  }

  /// The map of a namespace in this one whose numbers are the same, as the kernel reads it; empty if the map cannot
  /// be read.
  package var identity: String {
    (ranges ?? []).map { "\($0.first) \($0.first) \($0.count)\n" }.joined()
  }

  /// Whether a file can belong to this number; true if the map cannot be read.
  package func contains(_ id: UInt32) -> Bool {
    ranges?.contains { id >= $0.first && id - $0.first < $0.count } ?? true
  }
}

/// The users or groups that exist in the user namespace of this process.
package struct IDMap: Sendable {
  /// First number and count of each range.
  private let ranges: [(first: UInt64, count: UInt64)]?

  /// The users of this process's namespace.
  package static var users: IDMap { IDMap("/proc/self/uid_map") }
  /// The groups of this process's namespace.
  package static var groups: IDMap { IDMap("/proc/self/gid_map") }

  private init(_ path: String) {
    ranges = ProcFile.text(path).map { text in
      text.split(separator: "\n").compactMap { line in
        let numbers = line.split(separator: " ").compactMap { UInt64($0) }
        return numbers.count == 3 ? (numbers[0], numbers[2]) : nil
      }
    }
  }

  /// Whether a file can belong to this number; true if the map cannot be read.
  package func contains(_ id: UInt32) -> Bool {
    ranges?.contains { UInt64(id) >= $0.first && UInt64(id) - $0.first < $0.count } ?? true
  }
}

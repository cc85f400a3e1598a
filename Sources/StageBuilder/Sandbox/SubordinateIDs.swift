import LinuxSystem
import Glibc

/// The subordinate user or group ids that an ordinary user may map in a user namespace.
///
/// Source: `subuid(5)` and `subgid(5)`.
package struct SubordinateIDs: Hashable, Sendable {
  /// One line of the file.
  package struct Range: Hashable, Sendable {
    package let first: UInt32
    package let count: UInt32
  }

  /// Users or groups.
  package enum Kind: Sendable {
    case users, groups

    /// The file that lists them.
    package var file: String { self == .users ? "/etc/subuid" : "/etc/subgid" }
    /// The program that maps them.
    package var program: String { self == .users ? "newuidmap" : "newgidmap" }
  }

  package let ranges: [Range]

  /// Their number.
  package var count: Int { ranges.reduce(0) { $0 + Int($1.count) } }

  /// The ids of a user, given by name or number, in the text of the file; other lines are ignored.
  package init(_ text: String, user: String, number: UInt32) {
    ranges = text.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: ":", omittingEmptySubsequences: false)
      guard fields.count == 3, fields[0] == user || fields[0] == "\(number)", let first = UInt32(fields[1]),
        let count = UInt32(fields[2]), count > 0, !first.addingReportingOverflow(count).overflow
      else { return nil }
      return Range(first: first, count: count)
    }
  }

  /// The ids of a user on this machine; from `getsubids(1)` if they are not stored in the file.
  package init(_ kind: Kind, user: String, number: UInt32) {
    let listed = Self(ProcFile.text(kind.file) ?? "", user: user, number: number)
    if !listed.ranges.isEmpty || Executable.find("getsubids") == nil {
      self = listed
      return
    }
    let option = kind == .groups ? ["-g"] : []
    let answer = try? HostProgram.ask(["getsubids"] + option + [user], isSilent: true)
    // A line looks like `0: user 100000 65536`.
    let lines = String(decoding: answer ?? [], as: UTF8.self).split(separator: "\n").map { line in
      line.split(separator: " ").dropFirst().joined(separator: ":")
    }
    self.init(lines.joined(separator: "\n"), user: user, number: number)
  }

  /// Arguments of `newuidmap(1)`: 0 is the user, 1 and up are the subordinate ids.
  func mapping(of own: UInt32) -> [String] {
    var next = 1
    var words = ["0", "\(own)", "1"]
    for range in ranges {
      words += ["\(next)", "\(range.first)", "\(range.count)"]
      next += Int(range.count)
    }
    return words
  }
}

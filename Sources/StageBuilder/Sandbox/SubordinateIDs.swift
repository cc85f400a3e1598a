import LinuxSystem
import Glibc

/// The numbers of users or groups that an ordinary user may hand out in a user namespace of his own.
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

    /// Where they are listed.
    package var file: String { self == .users ? "/etc/subuid" : "/etc/subgid" }
    /// The program that may map them.
    package var program: String { self == .users ? "newuidmap" : "newgidmap" }
  }

  package let ranges: [Range]

  /// How many there are.
  package var count: Int { ranges.reduce(0) { $0 + Int($1.count) } }

  /// Those of a user, given by name or number, in the text of the file; other lines are left out.
  package init(_ text: String, user: String, number: UInt32) {
    ranges = text.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: ":", omittingEmptySubsequences: false)
      guard fields.count == 3, fields[0] == user || fields[0] == "\(number)", let first = UInt32(fields[1]),
        let count = UInt32(fields[2]), count > 0, !first.addingReportingOverflow(count).overflow
      else { return nil }
      return Range(first: first, count: count)
    }
  }

  /// Those of a user on this machine; what `getsubids(1)` says where they are kept elsewhere than in the file.
  package init(_ kind: Kind, user: String, number: UInt32) {
    let listed = Self(ProcFile.text(kind.file) ?? "", user: user, number: number)
    if !listed.ranges.isEmpty || Executable.find("getsubids") == nil {
      self = listed
      return
    }
    let option = kind == .groups ? ["-g"] : []
    let answer = try? HostProgram.ask(["getsubids"] + option + [user], isSilent: true)
    // A line is `0: user 100000 65536`.
    let lines = String(decoding: answer ?? [], as: UTF8.self).split(separator: "\n").map { line in
      line.split(separator: " ").dropFirst().joined(separator: ":")
    }
    self.init(lines.joined(separator: "\n"), user: user, number: number)
  }

  /// Arguments of `newuidmap(1)`: 0 is the user himself, 1 and on what was given to him.
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

public import MirrorModel
public import LinuxSystem

/// The build whose turn it is.
public struct NextBuild: Codable, Sendable, Hashable {
  /// The line of development.
  public let build: FileName
  /// The architecture.
  public let archDesc: FileName
  /// The subarch's own name.
  public let subarch: FileName
  /// The newest complete version's date; nil when never built.
  public let fullDate: CalendarDate?
  /// The date of the build to come.
  public let nextDate: CalendarDate
  /// Consecutive failed builds so far.
  public let failcount: Int
  /// How to build it: `full`, `freshen`, `quick`.
  public let target: String
  /// Images to make from its stage3.
  public let extras: [String]

  private enum CodingKeys: String, CodingKey {
    case build, archDesc = "arch", subarch, fullDate, nextDate, failcount, target, extras
  }

  /// Metro's shell assignments, a line each, safe for `eval`.
  ///
  /// Bytes, since a name on the disk need not be UTF-8.
  public var shellAssignments: [[UInt8]] {
    let values: [(String, [UInt8])] = [
      ("release", build.bytes), ("arch_desc", archDesc.bytes), ("subarch", subarch.bytes),
      ("fulldate", Array((fullDate?.description ?? "None").utf8)),
      ("nextdate", Array(nextDate.description.utf8)),
      ("failcount", Array(String(failcount).utf8)), ("target", Array(target.utf8)),
    ]
    let lines = values.map { Array("\($0.0)=".utf8) + ShellWord.quoted($0.1) }
    let images = Array("extras=".utf8) + ShellWord.inSingleQuotes(Array(extras.joined(separator: "+").utf8))
    return lines + [images]
  }
}

public import MirrorModel
public import LinuxSystem

/// The next build of the rotation.
public struct NextBuild: Codable, Sendable, Hashable {
  /// The build, a line of development.
  public let build: FileName
  /// The architecture.
  public let archDesc: FileName
  /// Name of the subarch.
  public let subarch: FileName
  /// Date of the newest complete version; nil if never built.
  public let fullDate: VersionDate?
  /// Date of the next build.
  public let nextDate: VersionDate
  /// Number of consecutive failed builds.
  public let failcount: Int
  /// How to build it: `full`, `freshen`, `quick`.
  public let target: String
  /// Images to make from its stage3.
  public let extras: [String]
  /// Extras and optional variants that are not built because they failed too often.
  public var leftOut: [String] = []

  /// Path of the subarch in the mirror.
  public var path: MirrorPath {
    MirrorPath(.subarch(SubarchPlace(build: build, arch: archDesc, name: subarch)))
  }

  private enum CodingKeys: String, CodingKey {
    case build, archDesc = "arch", subarch, fullDate, nextDate, failcount, target, extras
  }

  /// Metro's shell assignments, one per line, safe for `eval`.
  ///
  /// Bytes, since a name on the disk may not be valid UTF-8.
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

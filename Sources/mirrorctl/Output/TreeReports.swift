import MirrorModel
import LinuxSystem
import MirrorTools
import StageTrees
import SystemPackage

/// The result of `capture`.
struct CapturedTree: Report {
  let tarball: FilePath
  let contents: FilePath?
  let report: CaptureReport

  private enum CodingKeys: CodingKey { case tarball, contents, members, bytes, bytesBefore, digests, notes }

  var lines: [ReportLine] {
    let sizes = "\(humanBytes(report.uncompressedSize)) to \(humanBytes(report.size))"
    return ["captured \(tarball), \(counted(report.entries, "member", "members")), \(sizes)"]
      + report.digests.lines.map { ReportLine($0) }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode("\(tarball)", forKey: .tarball)
    try container.encodeIfPresent(contents.map { "\($0)" }, forKey: .contents)
    try container.encode(report.entries, forKey: .members)
    try container.encode(report.size, forKey: .bytes)
    try container.encode(report.uncompressedSize, forKey: .bytesBefore)
    try container.encode(report.digests.hexadecimal, forKey: .digests)
    try container.encode(report.notes, forKey: .notes)
  }
}

/// The result of `unpack`.
struct UnpackedTree: Report {
  let tarball: FilePath
  let directory: FilePath
  let report: UnpackReport

  private enum CodingKeys: CodingKey { case tarball, directory, members, bytes, notes }

  var lines: [ReportLine] {
    let members = counted(report.entries, "member", "members")
    return ["unpacked \(tarball) into \(directory), \(members), \(humanBytes(report.bytes))"]
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode("\(tarball)", forKey: .tarball)
    try container.encode("\(directory)", forKey: .directory)
    try container.encode(report.entries, forKey: .members)
    try container.encode(report.bytes, forKey: .bytes)
    try container.encode(report.notes, forKey: .notes)
  }
}

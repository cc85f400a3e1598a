public import LinuxSystem
import MirrorModel

/// Reads tarballs again and compares them with every digest and signature beside them.
///
/// It writes only its results to the catalog, and needs no lock.
public struct VerifyRun {
  private let run: MirrorRun
  private let subset: VerifySubset
  private let paths: [MirrorPath]
  private let decodes: Bool

  /// - Parameters:
  ///   - subset: the part of the mirror to read.
  ///   - paths: tarballs and directories to limit the work to; none for the whole mirror.
  ///   - decodes: whether to decompress each tarball as well.
  public init(
    _ run: MirrorRun, subset: VerifySubset = .all, paths: [MirrorPath] = [], decodes: Bool = false
  ) {
    self.run = run
    self.subset = subset
    self.paths = paths
    self.decodes = decodes
  }

  /// Verifies the tarballs.
  ///
  /// - Throws: if a path is not in the mirror.
  public func apply() throws(MirrorError) -> VerifyReport {
    let mirror = try run.scan()
    try run.check(paths, in: mirror)
    let isForgetful = try run.catalog().isTemporary && subset.needsMemory
    let result = run.environment.result
    let tell: @Sendable (VerifyReport.Finding) -> Void = { finding in
      let verdict = finding.verdict.rawValue
      let padding = String(repeating: " ", count: max(1, 11 - verdict.count))
      let detail = finding.detail.map { " (\($0))" } ?? ""
      result(
        ReportLine(
          "\(verdict)\(padding)\(mirror.displayed(finding.path))\(detail)",
          isEssential: finding.verdict != .ok))
    }
    let others = paths.filter { !$0.place.isInPackages }
    var report = VerifyReport(mirror: "\(mirror.root)")
    if paths.isEmpty || !others.isEmpty {
      report = try Verifier(try run.digests()).verify(
        mirror, subset: subset, paths: others, decodes: decodes, each: tell)
    }
    try BinhostRun(run).verify(mirror, subset: subset, paths: paths, into: &report, each: tell)
    if isForgetful { report.problems.append(.forgetfulSubset) }
    return report
  }
}

extension VerifyReport: MirrorReport {
  private enum CodingKeys: CodingKey { case mirror, findings, problems, filesRead, bytesRead, filesLeft }

  /// The summary.
  public var lines: [ReportLine] { summary.map { [ReportLine($0)] } ?? [] }

  /// Number of files per verdict, and how much was read.
  public var summary: String? {
    let counts = Verdict.allCases.compactMap { verdict in
      count(verdict) > 0 ? "\(count(verdict)) \(verdict.rawValue)" : nil
    }
    let rest = left > 0 ? "; \(left) left for another run" : ""
    let verdicts = counts.isEmpty ? "nothing to verify" : counts.joined(separator: ", ")
    return "\(verdicts); read \(counted(read.files, "file", "files")), \(humanBytes(read.bytes))\(rest)"
  }

  /// Files that could not be read.
  public var messages: [MirrorError] { problems }

  /// `corrupt` if a tarball is; `partial` for any other problem.
  public var status: ExitStatus {
    if count(.corrupt) > 0 { return .corrupt }
    return problems.isEmpty && findings.allSatisfy { $0.verdict == .ok } ? .done : .partial
  }

  /// `mirror`, `findings`, `problems`, `filesRead`, `bytesRead` and `filesLeft`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(mirror, forKey: .mirror)
    try container.encode(findings, forKey: .findings)
    try container.encode(problems, forKey: .problems)
    try container.encode(read.files, forKey: .filesRead)
    try container.encode(read.bytes, forKey: .bytesRead)
    try container.encode(left, forKey: .filesLeft)
  }
}

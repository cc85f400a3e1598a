public import LinuxSystem
public import MirrorModel

/// Makes digests and signatures for new and changed tarballs, and removes those of deleted tarballs.
public struct DigestgenRun {
  private let run: MirrorRun
  private let options: DigestOptions

  /// - Parameter options: which digests to make, and for which paths.
  public init(_ run: MirrorRun, _ options: DigestOptions = DigestOptions()) {
    self.run = run
    self.options = options
  }

  /// What would be done; reads the catalog and the digest files unknown to it.
  ///
  /// - Throws: if a path in the options is not in the mirror.
  public func plan() throws(MirrorError) -> Planned<DigestPlan> {
    let mirror = try run.scan()
    let plan = try DigestGenerator(try run.digests()).plan(mirror, options)
    try run.check(options.paths, in: mirror)
    Log.step(
      "plan of digestgen: \(plan.hashes.count) to hash, \(plan.known.count) known without a sidecar, "
        + "\(plan.signatures.count) to sign, \(plan.removals.count) to remove")
    return Planned(plan, for: mirror)
  }

  /// Carries out a plan of this run.
  public func apply(_ planned: Planned<DigestPlan>) throws(MirrorError) -> DigestReport {
    let (mirror, result) = (planned.scan, run.environment.result)
    if let warning = run.configuration.signing?.exposedHome,
      try run.catalog().isDue("homedir", at: run.environment.now())
    {
      run.tell(warning)
    }
    try noteUnclaimed(in: mirror)
    // A tarball that is found damaged gets no digest, but may not be offered any more.
    run.noteChanges(at: planned.plan.affectedPaths)
    let report = try DigestGenerator(try run.digests()).apply(planned.plan, to: mirror) { action in
      result("\(action.kind.rawValue) \(mirror.displayed(action.path))")
    }
    run.noteChanges(at: report.actions.map(\.path))
    return report
  }

  /// Reports files that no kind of file claims: each of them once, since somebody may have put it there on purpose.
  private func noteUnclaimed(in mirror: Mirror) throws(MirrorError) {
    // What could not be read may still be there.
    guard mirror.problems.isEmpty else { return }
    let files = mirror.unclaimedFiles
    let fresh = try run.catalog().fresh(
      files.map(\.description), of: "unclaimed", at: run.environment.now())
    for path in files where fresh.contains(path.description) { run.tell(mirror.notice(unclaimed: path)) }
  }
}

extension DigestPlan: Plan {
  /// Files and links that may change, except the digest files of whole directories.
  fileprivate var affectedPaths: [MirrorPath] {
    hashes.map(\.path) + known.map(\.path) + signatures.map(\.path) + (outdated + removals).map(\.path)
      + links.map(\.path)
  }

  /// One line per file.
  public func lines(in mirror: Mirror) -> [String] {
    var lines: [String] = []
    lines += hashes.map {
      "would digest \(mirror.displayed($0.path)) (\($0.reason.rawValue), \(humanBytes($0.size)))"
    }
    lines += known.map {
      "would \($0.isAdoption ? "adopt the digest of" : "check") \(mirror.displayed($0.path))"
    }
    lines += signatures.map {
      $0.reason == .unchecked
        ? "would check \(mirror.displayed($0.destination))"
        : "would sign \(mirror.displayed($0.path)) (\($0.format.rawValue), \($0.reason.rawValue))"
    }
    lines += outdated.map { "would remove \(mirror.displayed($0.path)) if the signed file has changed" }
    lines += links.map { "would \($0.isRemoval ? "remove" : "link") \(mirror.displayed($0.path))" }
    lines += removals.map { "would remove \(mirror.displayed($0.path))" }
    lines += skipped.map { "would skip \(mirror.displayed($0.path)): \($0.reason)" }
    lines += corrupt.map { "would skip \(mirror.displayed($0)): corrupt" }
    lines += damaged.map { "would skip \(mirror.displayed($0)): damaged" }
    return lines
  }

  /// Corrupt tarballs.
  public func messages(in mirror: Mirror) -> [MirrorError] { corrupt.map { .corrupt(mirror.displayed($0)) } }

  /// `corrupt` if a tarball is.
  public var status: ExitStatus { corrupt.isEmpty ? .done : .corrupt }
}

extension DigestReport: MirrorReport {
  private enum CodingKeys: CodingKey { case mirror, actions, skipped, corrupt, problems, bytes }

  /// Results that were not reported when they were obtained.
  public var lines: [ReportLine] {
    actions.filter { !$0.kind.isSentAtOnce }.map { "\($0.kind.rawValue) \(displayed($0.path))" }
      + skipped.map { "skipped \(displayed($0.path)): \($0.reason)" }
  }

  /// Number of files made, by kind.
  public var summary: String? {
    let parts = Kind.allCases.compactMap { kind -> String? in
      let count = actions.count { $0.kind == kind }
      return count > 0
        ? "\(count) \(kind.rawValue)\(kind == .digested ? " (\(humanBytes(bytes)))" : "")" : nil
    }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  /// Failures and corrupt tarballs.
  public var messages: [MirrorError] { problems + corrupt.map { .corrupt(displayed($0)) } }

  /// `corrupt` if a tarball is.
  public var status: ExitStatus { corrupt.isEmpty ? problems.isEmpty ? .done : .partial : .corrupt }

  /// `mirror`, `actions`, `skipped`, `corrupt`, `problems` and `bytes`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(mirror, forKey: .mirror)
    try container.encode(actions, forKey: .actions)
    try container.encode(skipped, forKey: .skipped)
    try container.encode(corrupt, forKey: .corrupt)
    try container.encode(problems, forKey: .problems)
    try container.encode(bytes, forKey: .bytes)
  }
}

extension MirrorError {
  /// A tarball whose content does not match its digests.
  static func corrupt(_ subject: String) -> MirrorError {
    MirrorError(
      .invalid, subject, "content does not match its digests",
      remedy: "restore it, or \(run: .forceDigests)")
  }
}

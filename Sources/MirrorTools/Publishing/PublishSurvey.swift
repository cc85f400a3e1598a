import MirrorModel
import LinuxSystem
import SystemPackage

/// Both sides as they were found, and what is to be done.
struct PublishSurvey {
  var local: LocalListing
  var remote: RemoteListing
  /// What of an upload waits there.
  let upload: RemoteListing
  var planner: PublishPlanner
  var plan = PublishPlan()
  /// What is not sent or deleted, as an index names what is not there.
  var isWithheld = false
  /// The record as it is there.
  var recordThere: SentRecord?
  /// What is known of the run's result so far.
  var report: DestinationReport

  var sums: [MirrorPath: [UInt8]] { planner.knowledge.sums }
}

extension Publication {
  /// Looks at both sides, and decides.
  ///
  /// - Parameter remembers: whether the catalog may learn from it.
  /// - Throws: `refused` where it would be wrong to publish.
  func survey(_ listing: LocalListing, remembers: Bool) throws(MirrorError) -> PublishSurvey {
    var report = DestinationReport(destination: destination.name)
    var local = listing
    let sums = try LocalSums(root: mirror.root, catalog: catalog, hasher: hasher, now: now).of(
      &local, remembers: remembers, &report.problems)
    let (remote, upload) = try remoteListing()
    try checkPlace(remote)
    checkLinks(remote, local, &report)
    var planner = PublishPlanner(
      destination: destination, grace: try catalog.superfluous(at: destination.name), now: now)
    let recordThere = try record(remote, isDryRun: !remembers, &report)
    planner.knowledge.record = recordThere
    planner.knowledge.sums = sums
    // A file system that has been replaced may have them.
    let isRetrying = if case .part = check { true } else { false }
    if !isRetrying, var lacks = recordThere?.lacks {
      if remote.nodes.values.contains(where: { if case .link = $0 { true } else { false } }) {
        lacks.remove(.links)
      }
      rsync.findings.lacks = lacks
      planner.knowledge.lacksLinks = lacks.contains(.links)
    }
    var survey = PublishSurvey(
      local: local, remote: remote, upload: upload, planner: planner, recordThere: recordThere, report: report
    )
    try settle(&survey)
    try compareShare(&survey, remembers: remembers)
    try holdUnreadable(&survey)
    try checkSound(survey.plan.payload + survey.plan.replaced, survey.local)
    try checkIndexes(&survey)
    noteUnrecorded(&survey)
    return survey
  }

  /// Plans, and compares what must be for that.
  func settle(_ survey: inout PublishSurvey) throws(MirrorError) {
    survey.plan = survey.planner.plan(survey.local, survey.remote)
    while !survey.plan.questions.isEmpty {
      let questions = survey.plan.questions
      let differing = try rsync.differing(items(questions), as: "comparing", bytes: questions.bytes)
      for entry in questions {
        survey.planner.knowledge.compared[entry.path] = !differing.contains(entry.path)
      }
      survey.plan = survey.planner.plan(survey.local, survey.remote)
    }
    if survey.isWithheld { survey.plan.withholdIndexes() }
  }

  /// What this mirror sent there, as far as it is known.
  private func record(
    _ remote: RemoteListing, isDryRun: Bool, _ report: inout DestinationReport
  ) throws(MirrorError) -> SentRecord? {
    if destination.isStaged { return try catalog.uploadRecord(of: destination.name) }
    let path = SentRecord.path(of: destination.server)
    guard remote.nodes[path] != nil else { return nil }
    let stage = try PublishStage(in: isDryRun ? Self.temporaryDirectory : mirror.root)
    try stage.makeDirectory(.root, in: "record")
    try rsync.fetch([path], into: stage.base("record"))
    guard let text = try stage.contents(of: path, in: "record"), let record = SentRecord(text) else {
      report.notices.append(
        MirrorError(
          .invalid, destination.subject, "the record of what was sent there (\(path)) is not understood",
          remedy: "it is written anew; nothing is deleted there this time"))
      return nil
    }
    guard record.origin == origin else {
      report.problems.append(
        MirrorError(
          .invalid, destination.subject,
          "`\(destination.server)` published there from \(escaped(Array(record.origin.utf8))) before",
          remedy:
            "nothing is deleted there this time; if that mirror still publishes, set `as` to another name"))
      return nil
    }
    return record
  }

  /// Where this mirror is.
  var origin: String { "\(HostName.current):\(String(decoding: mirror.canonicalRoot, as: UTF8.self))" }

  private static var temporaryDirectory: FilePath {
    OwnProgram.variable("TMPDIR").map { FilePath($0) } ?? "/tmp"
  }

  /// Reports links that lead nowhere there.
  private func checkLinks(_ remote: RemoteListing, _ local: LocalListing, _ report: inout DestinationReport) {
    guard remote.mungesLinks, local.entries.contains(where: { $0.role == .link }) else { return }
    report.problems.append(munged("links there begin with /rsyncd-munged/ and lead nowhere"))
  }

  /// What to do about a daemon that rewrites links.
  func munged(_ problem: String) -> MirrorError {
    MirrorError(
      .invalid, destination.subject, problem,
      remedy: "set `munge symlinks = no` for that module in the rsyncd.conf there, and delete such links")
  }

  /// Reports, once, what would be deleted there if a record said that it was sent from here.
  private func noteUnrecorded(_ survey: inout PublishSurvey) {
    guard let first = survey.plan.unrecorded.first else { return }
    let count = survey.plan.unrecorded.count
    let others = count > 1 ? " and \(count - 1) more" : ""
    survey.report.notices.append(
      MirrorError(
        .invalid, destination.subject,
        "\(first)\(others) there are not in this mirror, and no record says that they were sent from here",
        remedy: "they are kept; unless they are another mirror's, delete them by hand"))
  }

  /// Holds what cannot be opened: rsync would send the rest of its version all the same.
  private func holdUnreadable(_ survey: inout PublishSurvey) throws(MirrorError) {
    let anchor = try AnchoredDirectory(root: mirror.root)
    var isHeld = false
    for entry in survey.plan.payload + survey.plan.replaced + survey.plan.marks where entry.role != .link {
      do throws(MirrorError) { _ = try anchor.file(entry.path) } catch {
        survey.local.hold(with: entry.path)
        survey.report.problems.append(error.holding)
        isHeld = true
      }
    }
    if isHeld { try settle(&survey) }
  }
}

extension MirrorError {
  /// What is wrong with a file that is to be published, and what that means.
  var holding: MirrorError {
    MirrorError(
      code, subject, "\(problem), so that nothing of its version is published", remedy: remedy ?? "repair it")
  }
}

import MirrorModel
import LinuxSystem
import SystemPackage

/// The listings of both sides, and the plan.
struct PublishSurvey {
  var local: LocalListing
  var remote: RemoteListing
  /// Files of an upload that waits there.
  let upload: RemoteListing
  var planner: PublishPlanner
  var plan = PublishPlan()
  /// Whether indexes and deletions are withheld, since an index names a missing file.
  var isWithheld = false
  /// The record as stored there.
  var recordThere: SentRecord?
  /// The findings so far.
  var report: DestinationReport

  var sums: [MirrorPath: [UInt8]] { planner.knowledge.sums }
}

extension Publication {
  /// Lists both sides, and makes the plan.
  ///
  /// - Parameter remembers: whether to update the catalog.
  /// - Throws: `refused` if publishing would be wrong.
  func survey(remembers: Bool) throws(MirrorError) -> PublishSurvey {
    var report = DestinationReport(destination: destination.name)
    if let warning = source.warning(mirror, destination.subject), isDue(warning, remembers) {
      report.notices.append(warning)
    }
    var local = try localListing()
    report.problems += local.problems
    // Both steps share the progress; hashing has more to show.
    rsync.progress.begin("listing files", bytes: 0, files: 0)
    let (sums, there) = try Meanwhile.run(
      { () throws(MirrorError) in try remoteListing(isShown: false) }
    ) { () throws(MirrorError) in try localSums(&local, remembers: remembers, &report.problems) }
    rsync.progress.end()
    let (remote, upload) = there
    try checkPlace(remote)
    checkLinks(remote, local, &report)
    var planner = PublishPlanner(
      destination: destination, grace: try catalog.superfluous(at: destination.name), now: now)
    let recordThere = try record(remote, isDryRun: !remembers, &report)
    planner.knowledge.record = recordThere
    planner.knowledge.sums = sums
    // The file system there may have been replaced by one that supports them.
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
    try checkPackages(&survey)
    try checkSound(survey.plan.payload + survey.plan.replaced, survey.local)
    try checkIndexes(&survey)
    noteUnrecorded(&survey)
    return survey
  }

  /// The SHA-256 of what to send; removes what cannot be sent.
  private func localSums(
    _ listing: inout LocalListing, remembers: Bool, _ problems: inout [MirrorError]
  ) throws(MirrorError) -> [MirrorPath: [UInt8]] {
    try LocalSums(
      root: mirror.root, layout: mirror.layout, catalog: catalog, hasher: hasher, now: now
    ).of(&listing, remembers: remembers, &problems)
  }

  /// Whether a warning is due, which is printed once a day, since cron mails all output.
  private func isDue(_ warning: MirrorError, _ remembers: Bool) -> Bool {
    !remembers || (try? catalog.isDue("\(warning)", at: now)) ?? true
  }

  /// Makes the plan, and compares files as far as necessary.
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

  /// The record of files that this mirror sent there.
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
          .invalid, destination.subject, "cannot parse the record of sent files there (\(path))",
          remedy: "it will be rewritten; nothing is deleted there in this run"))
      return nil
    }
    guard record.origin == origin else {
      report.problems.append(
        MirrorError(
          .invalid, destination.subject,
          "`\(destination.server)` previously published there from \(escaped(Array(record.origin.utf8)))",
          remedy:
            "nothing is deleted there in this run; if that mirror still publishes, set `as` to another name"))
      return nil
    }
    return record
  }

  /// Host and path of this mirror.
  var origin: String { "\(HostName.current):\(String(decoding: mirror.canonicalRoot, as: UTF8.self))" }

  private static var temporaryDirectory: FilePath {
    OwnProgram.variable("TMPDIR").map { FilePath($0) } ?? "/tmp"
  }

  /// Reports broken links there.
  private func checkLinks(_ remote: RemoteListing, _ local: LocalListing, _ report: inout DestinationReport) {
    guard remote.mungesLinks, local.entries.contains(where: { $0.role == .link }) else { return }
    report.problems.append(munged("links there begin with /rsyncd-munged/ and are broken"))
  }

  /// A problem caused by a daemon that munges links.
  func munged(_ problem: String) -> MirrorError {
    MirrorError(
      .invalid, destination.subject, problem,
      remedy: "set `munge symlinks = no` for that module in rsyncd.conf there, and delete these links")
  }

  /// Reports, once, files that would be deleted there if a record showed that they were sent from here.
  private func noteUnrecorded(_ survey: inout PublishSurvey) {
    guard let first = survey.plan.unrecorded.first else { return }
    let count = survey.plan.unrecorded.count
    let others = count > 1 ? " and \(count - 1) more" : ""
    survey.report.notices.append(
      MirrorError(
        .invalid, destination.subject,
        "\(first)\(others) there not in this mirror, and no record shows that this mirror sent them",
        remedy: "they are kept; delete them by hand unless they belong to another mirror"))
  }

  /// Holds files that cannot be opened: rsync would send the rest of their version anyway.
  private func holdUnreadable(_ survey: inout PublishSurvey) throws(MirrorError) {
    let anchor = try AnchoredDirectory(root: mirror.root)
    var held: [MirrorPath] = []
    func hold(_ entry: LocalEntry, _ error: MirrorError) {
      held.append(entry.path)
      survey.report.problems.append(error.holding)
    }
    for entry in survey.plan.payload + survey.plan.replaced + survey.plan.marks where entry.role != .link {
      do throws(MirrorError) { try checkPublic(try anchor.file(entry.path), entry, anchor) } catch {
        hold(entry, error)
      }
    }
    for entry in survey.plan.pages.all + survey.plan.indexes.all where entry.role != .link {
      guard let file = try? anchor.file(entry.path) else { continue }
      do throws(MirrorError) { try checkPublic(file, entry, anchor) } catch { hold(entry, error) }
    }
    guard !held.isEmpty else { return }
    survey.local.hold(with: held)
    try settle(&survey)
  }
}

extension Publication {
  /// Throws if a file may be a secret that the owner of its directory linked into the mirror, so that root
  /// publishes it: a file with another name that not everyone may read.
  private func checkPublic(
    _ file: borrowing Descriptor, _ entry: LocalEntry, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    let shown = anchor.displayed(entry.path)
    let status = try attempt("examine", shown) { () throws(Errno) in try file.status() }
    guard Account.isRoot, status.links > 1, status.mode & 0o004 == 0,
      !LinkGuard.isOnlyRoots(try anchor.directory(entry.path.parent).status())
    else { return }
    throw MirrorError(
      .refused, shown, "has another name (a hard link), and not all users may read it",
      remedy: "remove it; if it belongs here, chmod o+r it")
  }
}

extension MirrorError {
  /// The problem of a file to be published, with its consequence.
  var holding: MirrorError {
    MirrorError(
      code, subject, "\(problem); its version is not published", remedy: remedy ?? "repair the file")
  }
}

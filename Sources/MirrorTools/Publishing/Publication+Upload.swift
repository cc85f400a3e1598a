import Hashing
import MirrorModel
import LinuxSystem
import SystemPackage

extension Publication {
  /// Sends the files that a master lacks into this server's directory there, then the manifest that completes
  /// the upload.
  func upload() throws(MirrorError) -> DestinationReport {
    var survey = try survey(remembers: true)
    var record = survey.planner.knowledge.record ?? SentRecord(origin: origin)
    var manifest = UploadManifest(server: destination.server, date: UTCText.internet(now))
    manifest.cleared = cleared(survey.local, survey.remote)
    let isWaiting = survey.upload.nodes[MirrorPath(bytes: Upload.manifest.bytes)] != nil
    let isSent = survey.plan.count > 0 || !manifest.cleared.isEmpty
    if isSent { try send(&survey, &record, manifest) }
    if isSent || isWaiting, destination.reception == .ssh {
      let outcome = try receiveThere()
      survey.report.said = outcome.said
      survey.planner.knowledge.record = record
      survey.planner.knowledge.compared = [:]
      let (there, waiting) = try remoteListing()
      survey.remote = there
      try settle(&survey)
      // With problems there, the master may still have received everything.
      if outcome.status != 0 {
        guard waiting.nodes[MirrorPath(bytes: Upload.manifest.bytes)] == nil,
          survey.plan.outstanding.isEmpty
        else { throw notTaken(outcome.status, outcome.said) }
      }
    }
    record.settle(survey.plan.settled, at: survey.remote, survey.sums)
    record.lacks = rsync.findings.lacks
    // If this fails, files are compared again.
    if record != survey.recordThere { try? catalog.set(uploadRecord: record, of: destination.name) }
    return survey.report
  }

  private func send(
    _ survey: inout PublishSurvey, _ record: inout SentRecord, _ planned: UploadManifest
  ) throws(MirrorError) {
    let (plan, sums, waiting) = (survey.plan, survey.sums, survey.upload)
    var manifest = planned
    let upload = Upload.directory(of: destination.server)
    let files = (plan.payload + plan.replaced + plan.marks).filter { $0.role != .link }
    let stage = try PublishStage(in: mirror.root)
    let fresh = files.filter { !waits($0, waiting, record, sums) }
    if !fresh.isEmpty, waiting.nodes[MirrorPath(bytes: Upload.manifest.bytes)] != nil {
      // An upload that is no longer complete must not look complete.
      let staying: Set<MirrorPath> = [Upload.parent, upload]
      try stage.makeDirectory(upload, in: "empty")
      try rsync.remove([upload.appending(Upload.manifest)], staying: staying, empty: stage.base("empty"))
    }
    try describe(plan, files, survey, &manifest)
    let text = try manifest.encoded()
    record.begin(fresh + plan.control, to: survey.remote, sums)
    try? catalog.set(uploadRecord: record, of: destination.name)
    // A waiting file that looks the same may be an older one.
    let alike = fresh.filter { waiting.nodes[$0.path] == $0.node }
    let others = fresh.filter { waiting.nodes[$0.path] != $0.node }
    try rsync.send(items(others), as: "uploading", bytes: others.bytes, to: "\(upload)")
    try rsync.send(items(alike), ["--checksum"], as: "uploading", bytes: alike.bytes, to: "\(upload)")
    survey.report.files = fresh.count
    survey.report.bytes = fresh.bytes
    survey.report.units = plan.units(mirror.kinds)
    try checkUnchanged(files)
    let arrived = try remoteListing().upload
    for entry in files {
      guard case .file(let size, let there) = arrived.nodes[entry.path], size == entry.node.size else {
        throw MirrorError(
          .changed, destination.subject, "\(entry.path) did not arrive intact", remedy: "run again")
      }
      record.files[entry.path]?.secondsThere = there
      record.files[entry.path]?.isUploaded = true
    }
    let path = MirrorPath(bytes: Upload.manifest.bytes)
    try stage.write(text, to: path, in: "manifest")
    try rsync.send(
      [.init(base: stage.base("manifest"), path: path)], ["--ignore-times"], as: "uploading", bytes: 0,
      to: "\(upload)")
    try? catalog.set(uploadRecord: record, of: destination.name)
  }

  /// Whether the same content already waits there.
  private func waits(
    _ entry: LocalEntry, _ waiting: RemoteListing, _ record: SentRecord, _ sums: [MirrorPath: [UInt8]]
  ) -> Bool {
    guard case .file(let size, let there) = waiting.nodes[entry.path], let sent = record.files[entry.path]
    else { return false }
    return sent.isUploaded && sent.sha256 == sums[entry.path] && size == entry.node.size
      && there == sent.secondsThere ?? sent.seconds
  }

  /// Describes every file, link and control file in the manifest.
  private func describe(
    _ plan: PublishPlan, _ files: [LocalEntry], _ survey: PublishSurvey, _ manifest: inout UploadManifest
  ) throws(MirrorError) {
    manifest.files = files.map { entry in
      .init(
        path: ExactPath(entry.path), size: entry.node.size, sha256: hex(survey.sums[entry.path] ?? []))
    }
    for entry in plan.marks + plan.retreats {
      guard case .link(let text) = entry.node else { continue }
      manifest.links.append(
        .init(path: ExactPath(entry.path), target: ExactPath(MirrorPath(bytes: text))))
    }
    let anchor = try AnchoredDirectory(root: mirror.root)
    for entry in plan.control {
      guard let identity = entry.identity, let text = try anchor.contents(of: entry.path, limit: 4096) else {
        continue
      }
      manifest.control.append(
        .init(
          path: ExactPath(entry.path), text: String(decoding: text, as: UTF8.self), mtime: identity.mtime))
    }
  }

  /// Control files that a master still shows but that were deleted here: a successful build has no failures.
  private func cleared(_ local: LocalListing, _ there: RemoteListing) -> [ExactPath] {
    let known = Set(local.entries.lazy.filter { $0.role == .control }.map(\.path))
    return local.subarches.map { $0.control(.failcount) }
      .filter { there.nodes[$0] != nil && !known.contains($0) }.sorted().map(ExactPath.init)
  }

  /// Runs `mirrorctl receive` on the master.
  ///
  /// - Returns: its exit status, 0 or 3, and its output lines.
  private func receiveThere() throws(MirrorError) -> (status: Int32, said: [String]) {
    guard let shell = RemoteShell(rsync) else { return (0, []) }
    let standard = ["mirrorctl", "receive", "--mirror", shell.place, "--lock-wait", "3600"]
    let command = (destination.remoteCommand.map { [$0] } ?? standard) + [destination.server]
    let outcome = try shell.run(command)
    let said = String(decoding: outcome.output + outcome.errors, as: UTF8.self).split(separator: "\n").map {
      escaped(Array($0.utf8))
    }
    guard [0, 3].contains(outcome.status) else { throw notTaken(outcome.status, said) }
    return (outcome.status, said)
  }

  private func notTaken(_ status: Int32, _ said: [String]) -> MirrorError {
    let faults = said.filter { $0.hasPrefix("mirrorctl: ") }
    let others = faults.count > 1 ? " (and \(faults.count - 1) more)" : ""
    let last = (faults.first ?? said.last).map { ": \($0)\(others)" } ?? ""
    return MirrorError(
      .library, destination.subject,
      "upload complete, but receiving there failed with status \(status)\(last)",
      remedy: status == 127
        ? "install mirrorctl in PATH there, or set remote-command"
        : "see its message, or \(run: .receive(destination.server)) there by hand")
  }
}

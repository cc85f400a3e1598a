import MirrorModel
public import LinuxSystem
import SystemPackage

/// Result of receiving the upload of one server.
public struct UploadReport: Sendable, Encodable {
  /// The server.
  public let server: String
  /// Files and links moved into the mirror.
  public internal(set) var files = 0
  /// Size of the files in bytes.
  public internal(set) var bytes: Int64 = 0
  /// Their subarches.
  public internal(set) var subarches: [MirrorPath] = []
  /// The versions and snapshots of the files moved.
  var units: [MirrorPath] = []
  /// What was not received, and why.
  public internal(set) var problems: [MirrorError] = []

  private enum CodingKeys: CodingKey { case server, files, bytes, subarches, problems }
}

/// Moves uploads from servers into the mirror. The mirror's lock must be held.
///
/// An upload is complete when its manifest exists. Files that a server may not send are refused, per subarch
/// and per file, and reported. All other files are hashed before any is moved; if one does not match the
/// manifest, nothing of that upload is received.
struct Receiver: Sendable {
  let root: FilePath
  let layout: MirrorLayout
  let ownership: OwnershipRules
  /// Subarches that are built here and accepted from no server.
  let rotation: RotationSettings
  /// What servers may upload.
  let rules: ReceiveRules
  /// The key for servers whose rule has none.
  let signing: SigningSettings?
  let catalog: Catalog
  let hasher: FileHasher
  /// Seconds since the epoch.
  let now: Int64
  let probe: ProcessProbe

  /// Seconds after which an idle upload is reported; seconds for which files of no upload are kept.
  static let (patience, afterlife): (Int64, Int64) = (7 * 86_400, 86_400)

  /// Servers with a complete upload.
  func waiting() throws(MirrorError) -> [String] {
    let anchor = try AnchoredDirectory(root: root, ownershipRules: ownership)
    guard try anchor.status(of: Upload.parent.name)?.kind == .directory else { return [] }
    var servers: [String] = []
    for entry in try anchor.directory(Upload.parent).entries() where entry.kind == .directory {
      guard let server = entry.name.text, PublishSection.isWord(server) else { continue }
      let manifest = Upload.directory(of: server).appending(Upload.manifest)
      if try anchor.status(at: manifest)?.kind == .regular { servers.append(server) }
    }
    return servers.sorted()
  }

  /// Receives the uploads of these servers, or of all.
  ///
  /// - Parameter each: called with the report of each server when it is complete.
  func receive(
    _ servers: [String], each: (UploadReport) -> Void = { _ in }
  ) throws(MirrorError) -> [UploadReport] {
    let anchor = try AnchoredDirectory(root: root, ownershipRules: ownership)
    guard try anchor.status(of: Upload.parent.name)?.kind == .directory else { return [] }
    let names = try anchor.directory(Upload.parent).entries().filter { $0.kind == .directory }
      .compactMap(\.name.text).filter { PublishSection.isWord($0) }
    var reports: [UploadReport] = []
    for server in names.sorted() where servers.isEmpty || servers.contains(server) {
      try hasher.cancellation.check()
      if servers.isEmpty, server.hasPrefix(TargetFiles.uploads) {
        try? removeOld(server, anchor)
        continue
      }
      var report = UploadReport(server: server)
      do throws(MirrorError) { try receive(server, anchor, &report) } catch {
        if error.code == .interrupted { throw error }
        report.problems.append(error)
      }
      reports.append(report)
      each(report)
    }
    return reports
  }

  private func receive(
    _ server: String, _ anchor: borrowing AnchoredDirectory, _ report: inout UploadReport
  ) throws(MirrorError) {
    let place = Upload.directory(of: server)
    let directory = try anchor.directory(place)
    let name = directory.displayed(Upload.manifest)
    guard let status = try directory.status(of: Upload.manifest),
      let text = try directory.contents(
        of: MirrorPath(bytes: Upload.manifest.bytes), limit: UploadManifest.maximumBytes)
    else { return try checkAge(of: directory, server, anchor) }
    let manifest = try UploadManifest(text, name: name)
    try UploadCheck(server: server, name: name).check(manifest)
    var refusals = UploadRefusals()
    defer { report.problems += refusals.problems(of: name) }
    do throws(MirrorError) {
      try take(manifest, at: place, anchor, &refusals, &report)
    } catch {
      // A wrong file must be sent again; until then the upload is not complete.
      if error.code == .changed { try directory.unlink(Upload.manifest) }
      throw error
    }
    // Files that the administrator may still allow wait, with their manifest.
    guard refusals.held.isEmpty else { return }
    // A new manifest may have arrived meanwhile.
    guard try directory.status(of: Upload.manifest)?.identity == status.identity else { return }
    try directory.unlink(Upload.manifest)
    for path in manifest.files.map(\.path.path) where refusals.keepsOut(path) {
      guard let folder = try? directory.directory(path.parent) else { continue }
      // Directories are kept, since their content is unknown.
      try? folder.unlink(path.name)
    }
    let sweep = UploadSweep(before: now - Self.afterlife, cancellation: hasher.cancellation)
    _ = try? sweep.sweep(directory)
  }

  private func take(
    _ manifest: UploadManifest, at place: MirrorPath, _ anchor: borrowing AnchoredDirectory,
    _ refusals: inout UploadRefusals, _ report: inout UploadReport
  ) throws(MirrorError) {
    let rule = rules.rule(of: manifest.server)
    let claim = SubarchClaim(
      server: manifest.server, rule: rule, rotation: rotation,
      control: ControlDirectory(probe: probe, now: now))
    UploadJudge(claim, place: place, layout: layout, now: now, kinds: hasher.kinds)
      .judge(manifest, in: anchor, &refusals)
    guard let rule else { return }
    try checkSize(of: manifest, rule, place, anchor, refusals)
    let contents = UploadContents(
      manifest: manifest, place: place, layout: layout, rule: rule, catalog: catalog, hasher: hasher,
      signing: rule.signing ?? signing)
    let files = try contents.checked(anchor, &refusals)
    try ReceivedUpload(
      manifest: manifest, place: place, claim: claim, catalog: catalog, kinds: hasher.kinds,
      cancellation: hasher.cancellation,
      now: now
    )
    .move(files, anchor, &refusals, &report)
  }

  /// - Throws: if the accepted files are larger than the server may send at once.
  private func checkSize(
    of manifest: UploadManifest, _ rule: ReceiveRules.Rule, _ place: MirrorPath,
    _ anchor: borrowing AnchoredDirectory, _ refusals: UploadRefusals
  ) throws(MirrorError) {
    var bytes: Int64 = 0
    for file in manifest.files where !refusals.keepsOut(file.path.path) {
      let (sum, overflow) = bytes.addingReportingOverflow(file.size)
      bytes = overflow ? .max : sum
    }
    guard bytes > rule.maximumSize else { return }
    throw MirrorError(
      .invalid, anchor.displayed(place),
      "contains \(humanBytes(bytes)), more than the \(humanBytes(rule.maximumSize)) that "
        + "\(manifest.server) may send at once",
      remedy: "raise max-size in [section receive/\(manifest.server)], or publish less there")
  }

  /// Removes what a job of a farm uploaded that was lost, and that no other job went on with.
  private func removeOld(_ job: String, _ anchor: borrowing AnchoredDirectory) throws(MirrorError) {
    let directory = try anchor.directory(Upload.directory(of: job))
    let sweep = UploadSweep(before: now - Self.patience, cancellation: hasher.cancellation)
    if try sweep.newest(directory) == 0 { return try removeEmpty(directory, anchor) }
    _ = try sweep.sweep(directory)
  }

  /// Reports an upload that has been incomplete for a week, and removes one that has been empty for a day.
  private func checkAge(
    of directory: borrowing AnchoredDirectory, _ server: String, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    let newest = try UploadSweep(before: .min, cancellation: hasher.cancellation).newest(directory)
    if newest == 0 { return try removeEmpty(directory, anchor) }
    guard now - newest > Self.patience else { return }
    throw MirrorError(
      .invalid, directory.displayed(directory.path),
      "upload from \(server) idle since \(CalendarDate(localDayOf: newest))",
      remedy: "\(run: .publish) there, or remove the directory")
  }

  /// Removes directories without files; a server that just creates its directories keeps them.
  private func removeEmpty(
    _ directory: borrowing AnchoredDirectory, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    let status = try directory.status()
    guard now - status.identity.ctime / 1_000_000_000 > Self.afterlife,
      try UploadSweep(before: .min, cancellation: hasher.cancellation).sweep(directory)
    else { return }
    let uploads = try anchor.directory(Upload.parent)
    // Another owner was given the directory, and may be unable to create it again.
    if try uploads.status().uid == status.uid { try uploads.removeDirectory(directory.path.name) }
  }
}

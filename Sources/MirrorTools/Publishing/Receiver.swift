import MirrorModel
public import LinuxSystem
import SystemPackage

/// What receiving one server's upload came to.
public struct UploadReport: Sendable, Encodable {
  /// The server.
  public let server: String
  /// Files and links that are in the mirror now.
  public internal(set) var files = 0
  /// Bytes of the files.
  public internal(set) var bytes: Int64 = 0
  /// Subarches that they belong to.
  public internal(set) var subarches: [MirrorPath] = []
  /// What was not done, and why.
  public internal(set) var problems: [MirrorError] = []

  private enum CodingKeys: CodingKey { case server, files, bytes, subarches, problems }
}

/// Moves what servers uploaded into the mirror. The mirror's lock must be held.
///
/// An upload counts when its manifest is there. What a server may not have stays out, subarch by subarch and
/// file by file, and is reported. Every other file is hashed again before anything of it moves; if one is not
/// as the manifest says, nothing of that upload is received.
struct Receiver: Sendable {
  let root: FilePath
  let ownership: OwnershipRules
  /// What is built here, and is taken from no other server.
  let rotation: RotationSettings
  /// What servers may upload.
  let rules: ReceiveRules
  /// The key that is pinned for servers whose rule names none.
  let signing: SigningSettings?
  let catalog: Catalog
  let hasher: FileHasher
  /// Seconds since the epoch.
  let now: Int64
  let probe: ProcessProbe

  /// Seconds that an upload may rest before it is reported, and that what belongs to none is kept.
  static let (patience, afterlife): (Int64, Int64) = (7 * 86_400, 86_400)

  /// Servers whose uploads are complete.
  func waiting() throws(MirrorError) -> [String] {
    let anchor = try AnchoredDirectory(root: root, layout: ownership)
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
  /// - Parameter each: receives each server's report when it is complete.
  func receive(
    _ servers: [String], each: (UploadReport) -> Void = { _ in }
  ) throws(MirrorError) -> [UploadReport] {
    let anchor = try AnchoredDirectory(root: root, layout: ownership)
    guard try anchor.status(of: Upload.parent.name)?.kind == .directory else { return [] }
    let names = try anchor.directory(Upload.parent).entries().filter { $0.kind == .directory }
      .compactMap(\.name.text).filter { PublishSection.isWord($0) }
    var reports: [UploadReport] = []
    for server in names.sorted() where servers.isEmpty || servers.contains(server) {
      try hasher.cancellation.check()
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
      let text = try directory.contents(of: MirrorPath(bytes: Upload.manifest.bytes), limit: 256 << 20)
    else { return try checkAge(of: directory, server) }
    let manifest = try UploadManifest(text, name: name)
    try UploadCheck(server: server, name: name).check(manifest)
    var refusals = UploadRefusals()
    defer { report.problems += refusals.problems(of: name) }
    do throws(MirrorError) {
      try take(manifest, at: place, anchor, &refusals, &report)
    } catch {
      // What is not what it should be must be sent again; until then the upload is not complete.
      if error.code == .changed { try directory.unlink(Upload.manifest) }
      throw error
    }
    // What the administrator may allow waits for that, with its manifest.
    guard refusals.held.isEmpty else { return }
    // Another one may have come meanwhile.
    guard try directory.status(of: Upload.manifest)?.identity == status.identity else { return }
    try directory.unlink(Upload.manifest)
    for path in manifest.files.map(\.path.path) where refusals.keepsOut(path) {
      guard let folder = try? directory.directory(path.parent) else { continue }
      // What is a directory stays: nobody knows what is in it.
      try? folder.unlink(path.name)
    }
    let sweep = UploadSweep(before: now - Self.afterlife)
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
    UploadJudge(claim, place: place, now: now).judge(manifest, in: anchor, &refusals)
    guard let rule else { return }
    let contents = UploadContents(
      manifest: manifest, place: place, rule: rule, catalog: catalog, hasher: hasher,
      signing: rule.signing ?? signing)
    let files = try contents.checked(anchor, &refusals)
    try ReceivedUpload(
      manifest: manifest, place: place, claim: claim, catalog: catalog, cancellation: hasher.cancellation,
      now: now
    )
    .move(files, anchor, &refusals, &report)
  }

  /// Reports what has waited for a week for its rest.
  private func checkAge(of directory: borrowing AnchoredDirectory, _ server: String) throws(MirrorError) {
    let newest = try UploadSweep(before: .min).newest(directory)
    guard newest > 0, now - newest > Self.patience else { return }
    throw MirrorError(
      .invalid, directory.displayed(directory.path),
      "an upload of \(server) has not gone on since \(CalendarDate(localDayOf: newest))",
      remedy: "\(run: .publish) there, or remove the directory")
  }
}

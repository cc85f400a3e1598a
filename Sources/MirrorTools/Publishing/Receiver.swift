public import SystemPackage

/// What receiving one server's upload came to.
public struct ReceiveReport: Sendable {
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
}

/// Moves what servers uploaded into the mirror. The mirror's lock must be held.
///
/// An upload counts when its manifest is there. Every file is hashed again before anything of it moves; what
/// is not as the manifest says stays out, and with it all of that upload.
public struct Receiver: Sendable {
  let root: FilePath
  let layout: MirrorLayout
  let rotation: RotationSettings
  let digests: DigestRun

  /// - Parameters:
  ///   - rotation: what is built here, and is taken from no other server.
  ///   - digests: hashes what came.
  public init(_ root: FilePath, _ layout: MirrorLayout, _ rotation: RotationSettings, _ digests: DigestRun) {
    self.root = root
    self.layout = layout
    self.rotation = rotation
    self.digests = digests
  }

  /// Seconds that an upload may rest before it is told of, and that what belongs to none stays.
  static let (patience, afterlife): (Int64, Int64) = (7 * 86_400, 86_400)

  /// Receives the uploads of these servers, or of all.
  public func receive(_ servers: [String]) throws(MirrorError) -> [ReceiveReport] {
    let anchor = try AnchoredDirectory(root: root, layout: layout)
    guard try anchor.status(of: Upload.parent.name)?.kind == .directory else { return [] }
    let names = try anchor.directory(Upload.parent).entries().filter { $0.kind == .directory }
      .compactMap(\.name.text).filter { PublishSection.isWord($0) }
    var reports: [ReceiveReport] = []
    for server in names.sorted() where servers.isEmpty || servers.contains(server) {
      try digests.cancellation.check()
      var report = ReceiveReport(server: server)
      do throws(MirrorError) { try receive(server, anchor, &report) } catch {
        if error.code == .interrupted { throw error }
        report.problems.append(error)
      }
      reports.append(report)
    }
    return reports
  }

  private func receive(
    _ server: String, _ anchor: borrowing AnchoredDirectory, _ report: inout ReceiveReport
  ) throws(MirrorError) {
    let place = Upload.directory(of: server)
    let directory = try anchor.directory(place)
    let name = directory.displayed(Upload.manifest)
    guard let status = try directory.status(of: Upload.manifest),
      let text = try directory.contents(of: MirrorPath(bytes: Upload.manifest.bytes), limit: 256 << 20)
    else { return try checkAge(of: directory, server) }
    let manifest = try UploadManifest(text, name: name)
    try UploadCheck(server: server, name: name).check(manifest)
    try checkOwners(manifest, server, anchor, &report)
    let upload = ReceivedUpload(manifest: manifest, place: place, receiver: self)
    do throws(MirrorError) {
      let files = try upload.checked(anchor)
      try upload.move(files, anchor, &report)
    } catch {
      // What is not what it should be must be sent again; until then the upload is not complete.
      if error.code == .changed { try directory.unlink(Upload.manifest) }
      throw error
    }
    // Another one may have come meanwhile.
    if try directory.status(of: Upload.manifest)?.identity == status.identity {
      try directory.unlink(Upload.manifest)
    }
    let sweep = UploadSweep(before: digests.now - Self.afterlife)
    _ = try? sweep.sweep(directory)
  }

  /// Tells of what has waited for a week for its rest.
  private func checkAge(of directory: borrowing AnchoredDirectory, _ server: String) throws(MirrorError) {
    let newest = try UploadSweep(before: .min).newest(directory)
    guard newest > 0, digests.now - newest > Self.patience else { return }
    throw MirrorError(
      .invalid, directory.displayed(directory.path),
      "an upload of \(server) has not gone on since \(CalendarDate(localDayOf: newest))",
      remedy: "run `mirrorctl publish` there, or remove the directory")
  }

  /// A subarch is built in one place.
  private func checkOwners(
    _ manifest: UploadManifest, _ server: String, _ anchor: borrowing AnchoredDirectory,
    _ report: inout ReceiveReport
  ) throws(MirrorError) {
    let paths =
      manifest.files.map(\.path.path) + manifest.links.map(\.path.path) + manifest.control.map(\.path.path)
      + manifest.cleared.map(\.path)
    for subarch in Set(paths.compactMap(UploadCheck.subarch)).sorted() {
      if rotation.isBuiltHere(subarch) {
        throw MirrorError(
          .invalid, anchor.displayed(subarch),
          "is built here, and \(server) uploads it: nothing of \(server) is received",
          remedy: "take it out of subarches (rotation), or put it into also-stored")
      }
      let file = subarch.appending(ControlDirectory.name).appending(Self.ownerFile)
      if let owner = try anchor.contents(of: file, limit: 4096),
        owner.filter({ $0 > 0x20 }) != Array(server.utf8)
      {
        let other = escaped(owner.filter { $0 > 0x20 })
        throw MirrorError(
          .invalid, anchor.displayed(subarch),
          "is built by \(other), and \(server) uploads it too: nothing of \(server) is received",
          remedy: "remove \(anchor.displayed(file)) if \(server) builds it from now on")
      }
      if !rotation.isStored(subarch) {
        report.problems.append(
          MirrorError(
            .invalid, anchor.displayed(subarch), "is received, but neither cleaned nor indexed here",
            remedy: "put it into also-stored (rotation)"))
      }
    }
  }

  /// Names the server that builds a subarch.
  static let ownerFile: FileName = "server"
}

extension RotationSettings {
  /// Whether the configuration names a subarch as one that is built here.
  fileprivate func isBuiltHere(_ path: MirrorPath) -> Bool {
    guard let subarches, subarches.contains(path.name), !alsoStored.contains(path.name) else { return false }
    return builds?.contains(path.parent.parent.name) ?? true && arches?.contains(path.parent.name) ?? true
  }

  /// Whether a subarch that is not there yet would be stored here.
  fileprivate func isStored(_ path: MirrorPath) -> Bool {
    isStored(release: path.parent.parent.name)
      && (allArches ?? arches)?.contains(path.parent.name) ?? true
      && (subarches.map { $0 + alsoStored })?.contains(path.name) ?? true
  }
}

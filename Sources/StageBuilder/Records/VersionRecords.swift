import MirrorModel
import LinuxSystem
import SystemPackage

/// The files in which a build records its state: below the subarch's `.control`, and in the version's
/// directory.
///
/// Every file appears complete and durable; see METRO's layout in mirrorctl(8).
struct VersionRecords {
  private let anchor: Shared<AnchoredDirectory>
  /// `BUILD/ARCH/SUBARCH`.
  let subarch: MirrorPath
  /// `BUILD/ARCH/SUBARCH/VERSION`.
  let version: MirrorPath

  init(_ subarch: MirrorPath, version: String, root: Shared<AnchoredDirectory>) {
    anchor = root
    self.subarch = subarch
    self.version = subarch.appending(FileName(version))
  }

  /// The subarch's control directory, which must exist.
  func control() throws(MirrorError) -> AnchoredDirectory {
    let path = subarch.appending(ControlDirectory.name)
    do throws(MirrorError) { return try anchor.value.directory(path) } catch {
      guard error.code == .system(.noSuchFileOrDirectory) else { throw error }
      let words = "\(subarch)".replacing("/", with: " ")
      throw MirrorError(
        .invalid, anchor.value.displayed(path), "does not exist: the subarch has no seed",
        remedy: "\(run: .seed(words))")
    }
  }

  /// The version's directory, created if missing.
  func directory() throws(MirrorError) -> AnchoredDirectory { try anchor.value.makePath(version) }

  /// The directory for logs, created if missing.
  func logs() throws(MirrorError) -> AnchoredDirectory {
    try anchor.value.makePath(version.appending(VersionFile.logs))
  }

  /// `.targets`: the planned targets, one per line.
  func write(targets: [String]) throws(MirrorError) {
    try write(
      Array(targets.map { $0 + "\n" }.joined().utf8), to: VersionFile.targets.path.name, in: try directory())
  }

  /// `build-info.json`.
  func write(buildInfo: [UInt8]) throws(MirrorError) {
    let directory = try directory()
    // The tarball comes later, and the directory is synced with it.
    try DurableFile.write(
      buildInfo, to: VersionFile.buildInfo.path.name, in: directory, try directory.fileOwnership(),
      syncingDirectory: false)
  }

  /// `log/errors.json`; an empty list removes the file of an earlier attempt.
  func write(_ failed: [FailedPackage]) throws(MirrorError) {
    let logs = try logs()
    guard !failed.isEmpty else {
      try logs.unlink("errors.json")
      return
    }
    var file = try DurableFile("errors.json", in: try directory())
    try file.write(Array(FailedPackage.json(failed).utf8))
    try file.commit(try logs.fileOwnership(), as: "errors.json", in: logs)
  }

  /// `status`, and the failure count: incremented after a failure, removed after a success.
  ///
  /// - Returns: the count; nil if none is kept.
  @discardableResult
  func write(isDone: Bool, counting: Bool) throws(MirrorError) -> Int? {
    try write(
      Array((isDone ? VersionFile.done : VersionFile.failed).utf8), to: VersionFile.status.path.name,
      in: try directory())
    guard counting else { return nil }
    _ = try control()
    return try count(.failcount, isDone: isDone)
  }

  /// Makes the version a candidate, unless it was released.
  func writeCandidacy(at now: Int64) throws(MirrorError) {
    let directory = try directory()
    let status = try directory.contents(of: VersionFile.status.path, limit: 4096) ?? []
    guard !VersionFile.isDone(status), try directory.status(of: VersionFile.candidacy.path.name) == nil else {
      return
    }
    try write(
      ReleaseNotice(date: String(UTCText.internet(now).prefix(10))).text(.candidate),
      to: VersionFile.candidacy.path.name,
      in: directory)
  }

  /// Whether the version is a candidate.
  func isCandidate() throws(MirrorError) -> Bool {
    try anchor.value.status(at: version.file(.candidacy)) != nil
  }

  /// Whether the version is withdrawn.
  func isWithdrawn() throws(MirrorError) -> Bool {
    try anchor.value.status(at: version.file(.withdrawal)) != nil
  }

  /// Stores in the notice of a candidate what leads to a tarball when it is promoted.
  func remember(_ links: [MirrorPath], to tarball: MirrorPath, as record: MirrorPath?) throws(MirrorError) {
    let directory = try directory()
    let file = VersionFile.candidacy.path
    let before = ReleaseNotice(try directory.contents(of: file, limit: ReleaseNotice.limit) ?? [])
    var notice = before
    let pointers = links.map { ReleaseNotice.Pointer($0, to: tarball) }
    notice.pointers.removeAll { links.contains($0.link) }
    notice.pointers += pointers
    if let record, !notice.records.contains("\(record)") { notice.records.append("\(record)") }
    if notice != before { try write(notice.text(.candidate), to: file.name, in: directory) }
  }

  /// Whether the version is finished.
  func isDone() throws(MirrorError) -> Bool {
    let status = try directory().contents(of: VersionFile.status.path, limit: 4096) ?? []
    return VersionFile.isDone(status)
  }

  /// Whether the version has a `status`.
  func hasStatus() throws(MirrorError) -> Bool {
    try directory().status(of: VersionFile.status.path.name) != nil
  }

  /// `failed` of the version, and the target's own failure count, for a target that does not count for the
  /// subarch.
  ///
  /// - Returns: the count.
  @discardableResult
  func write(target: String, isDone: Bool) throws(MirrorError) -> Int {
    let directory = try directory()
    let file = VersionFile.failedTargets.path
    let name = FileName(target)
    let before = VersionFile.names(try directory.contents(of: file, limit: 1 << 16) ?? [])
    let failed = before.filter { $0 != name } + (isDone ? [] : [name])
    // If none is left, it remains empty: a master that received it must receive this too.
    if failed != before {
      try write(failed.flatMap { $0.bytes + [UInt8(ascii: "\n")] }, to: file.name, in: directory)
    }
    return try count(.targetFailcount(name), isDone: isDone)
  }

  /// A failure count: incremented after a failure, removed after a success.
  private func count(_ file: ControlFile, isDone: Bool) throws(MirrorError) -> Int {
    let path = subarch.control(file)
    if isDone, try anchor.value.status(at: path.parent) == nil { return 0 }
    let directory = try anchor.value.makePath(path.parent)
    if isDone {
      guard try directory.status(of: path.name) != nil else { return 0 }
      try directory.unlink(path.name)
      try directory.sync()
      return 0
    }
    let said = try directory.contents(of: MirrorPath(bytes: path.name.bytes), limit: 4096) ?? []
    // An unreadable count restarts at zero.
    let count = ControlFile.word(said).flatMap(ControlFile.failures) ?? 0
    let next = max(0, min(count, 1_000_000)) + 1
    try write(ControlFile.text("\(next)"), to: path.name, in: directory)
    return next
  }

  /// The later version in `.control/version/<name>`, if it still exists; nil if this one may replace it.
  func newer(than name: MirrorPath) throws(MirrorError) -> FileName? {
    guard let own = VersionDate(version.name.bytes),
      let recorded = try control().contents(of: ControlFile.version(target: name).path, limit: 4096)
        .flatMap(ControlFile.word),
      let date = VersionDate(recorded.bytes), date > own,
      try anchor.value.status(at: subarch.appending(recorded))?.kind == .directory
    else { return nil }
    return recorded
  }

  /// `.control/version/<name>`, where `name` may contain a directory: `stage4/openvz`.
  func write(version name: MirrorPath) throws(MirrorError) {
    let path = subarch.control(.version(target: name))
    try write(ControlFile.text("\(version.name)"), to: path.name, in: try anchor.value.makePath(path.parent))
  }

  /// Makes the next build use this subarch's own stage3 as its seed.
  ///
  /// - Returns: whether this changed anything.
  func switchToLocal() throws(MirrorError) -> Bool {
    let path = subarch.control(.buildStrategy)
    let directory = try anchor.value.makePath(path.parent)
    let said = try directory.contents(of: MirrorPath(bytes: path.name.bytes), limit: 4096) ?? []
    guard ControlFile.word(said) == "remote" else { return false }
    var file = try DurableFile(path.name, in: try control())
    try file.write(ControlFile.text("local"))
    try file.commit(try directory.fileOwnership(), as: path.name, in: directory)
    return true
  }

  private func write(
    _ bytes: [UInt8], to name: FileName, in directory: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    try DurableFile.write(bytes, to: name, in: directory, try directory.fileOwnership())
  }
}

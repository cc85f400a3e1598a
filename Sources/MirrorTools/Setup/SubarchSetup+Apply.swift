import MirrorModel
public import LinuxSystem
import SystemPackage

extension SubarchSetup {
  /// Files made; existing ones are not listed.
  public struct Made: MirrorReport, Sendable {
    /// Root of the mirror.
    public let mirror: String
    /// Relative to the root of the mirror.
    public internal(set) var made: [MirrorPath] = []

    /// One line per file.
    public var lines: [ReportLine] { made.map { "created \(displayed($0))" } }
  }

  /// Makes missing files. The mirror's lock must be held.
  ///
  /// Existing files are not changed: a file with different content is an error, found before anything is
  /// made.
  ///
  /// - Parameter ownershipRules: owner and mode of new files.
  func apply(
    in root: FilePath, _ ownershipRules: OwnershipRules, _ kinds: ArtifactKinds
  ) throws(MirrorError) -> Made {
    let anchor = try AnchoredDirectory(root: root, ownershipRules: ownershipRules)
    for file in files { _ = try isSaid(file, anchor) }
    try checkRemote(anchor, kinds)
    if let placement { try SeedTarball.check(placement) }
    var report = Made(mirror: "\(root)")
    for path in directories { try make(path, anchor, &report) }
    if let placement {
      try placement.place(in: try anchor.directory(placement.path.parent), &report.made)
    }
    // The control files come last, so that they never refer to incomplete directories.
    for file in files where try !isSaid(file, anchor) {
      try make(file.path.parent, anchor, &report)
      let directory = try anchor.directory(file.path.parent)
      try DurableFile.write(
        ControlFile.text(file.line), to: file.path.name, in: directory,
        .ofThisProcess(mode: 0o644))
      report.made.append(file.path)
    }
    return report
  }

  /// Whether a control file exists; one with different content is an error.
  private func isSaid(_ file: Said, _ anchor: borrowing AnchoredDirectory) throws(MirrorError) -> Bool {
    guard let text = try anchor.contents(of: file.path, limit: 4096) else { return false }
    let said = ControlFile.word(text)?.bytes ?? []
    guard said.elementsEqual(file.line.utf8) else {
      throw MirrorError(
        .invalid, anchor.displayed(file.path), "contains `\(escaped(said))`, not `\(file.line)`",
        remedy: "remove it to set up the subarch again")
    }
    return true
  }

  /// Checks that a remote seed exists.
  private func checkRemote(
    _ anchor: borrowing AnchoredDirectory, _ kinds: ArtifactKinds
  ) throws(MirrorError) {
    let remote = files.filter { $0.path.parent.name == "remote" }.map(\.line)
    guard remote.count == 3 else { return }
    let other = MirrorPath(remote.joined(separator: "/"))
    let control = other.control(.version(target: "stage3"))
    guard let version = try anchor.contents(of: control, limit: 4096).flatMap(ControlFile.word) else {
      throw MirrorError(
        .invalid, anchor.displayed(other), "has no stage3 to build from",
        remedy: "build it first, or \(run: .remoteSeed)")
    }
    let place = other.appending(version)
    let tarballs = try anchor.directory(place).entries().filter {
      kinds.format(of: $0.name)?.isTarball ?? false
    }
    guard let stage = tarballs.first(where: { $0.name.hasPrefix("stage3-") }) else {
      throw MirrorError(
        .invalid, anchor.displayed(place), "contains no stage3, but .control/version refers to it",
        remedy: "build it again, or \(run: .remoteSeed)")
    }
    if let source = other.place.subarch, let own = files.lazy.compactMap(\.path.place.subarch).first {
      try SeedTarball.check(source, anchor.displayed(place.appending(stage.name)), for: own)
    }
  }

  private func make(
    _ path: MirrorPath, _ anchor: borrowing AnchoredDirectory, _ report: inout Made
  ) throws(MirrorError) {
    if !path.parent.bytes.isEmpty { try make(path.parent, anchor, &report) }
    let parent = try path.parent.bytes.isEmpty ? anchor.duplicate() : anchor.directory(path.parent)
    if let there = try parent.status(of: path.name) {
      guard there.kind == .directory else {
        throw MirrorError(.invalid, anchor.displayed(path), "is not a directory", remedy: "move it away")
      }
      return
    }
    try parent.makeDirectory(path.name)
    report.made.append(path)
  }
}

extension SubarchSetup.Placement {
  /// Links the tarball into its directory, or copies it from another file system; an existing file is kept.
  func place(
    in directory: borrowing AnchoredDirectory, _ made: inout [MirrorPath]
  ) throws(MirrorError) {
    guard try directory.status(of: path.name) == nil else { return }
    if !directory.adopt(source, as: path.name) { try copy(into: directory) }
    try directory.sync()
    made.append(path)
  }

  private func copy(into directory: borrowing AnchoredDirectory) throws(MirrorError) {
    let file = try attempt("open", source) { () throws(Errno) in try Descriptor(reading: FilePath(source)) }
    var copy = try DurableFile(path.name, in: directory)
    _ = try copy.append(file, source)
    try copy.commit(.ofThisProcess(mode: 0o644))
  }
}

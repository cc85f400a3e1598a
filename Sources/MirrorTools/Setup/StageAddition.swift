import StageTrees
public import MirrorModel
public import LinuxSystem
public import SystemPackage

/// Adds a finished build that was made elsewhere; it is then offered like a local one.
public struct StageAddition: Sendable {
  /// Result of adding a build.
  public struct Made: MirrorReport, Sendable {
    /// Root of the mirror.
    public let mirror: String
    /// Files made, relative to the root of the mirror, in order.
    public internal(set) var made: [MirrorPath] = []
    /// Why the version is not offered yet; empty on success.
    public internal(set) var messages: [MirrorError] = []

    private enum CodingKeys: CodingKey { case mirror, made }

    /// One line per file.
    public var lines: [ReportLine] { made.map { "created \(displayed($0))" } }
    /// `failed` if the version is not offered.
    public var status: ExitStatus { messages.isEmpty ? .done : .failed }
  }

  private let layout: MirrorLayout
  /// Directory of the version.
  let version: MirrorPath
  private let placements: [SubarchSetup.Placement]
  private let kinds: ArtifactKinds

  /// Plans the addition from names alone.
  ///
  /// - Parameters:
  ///   - subarch: `BUILD/ARCH/SUBARCH`.
  ///   - files: tarballs, and optionally a `build-info.json`.
  /// - Throws: if a file is not named like one of a build, or nothing would be offered.
  public init(
    _ subarch: MirrorPath, version: VersionDate, files: [FilePath], layout: MirrorLayout, kinds: ArtifactKinds
  ) throws(MirrorError) {
    self.layout = layout
    let names = try SubarchSetup.names(of: subarch)
    let place = subarch.appending(FileName(version.description))
    var placements: [SubarchSetup.Placement] = []
    var offersSomething = false
    for file in files {
      let (name, variant) = try Self.name(of: file, in: place, names, layout, kinds)
      let path = place.appending(name)
      if placements.contains(where: { $0.path == path }) {
        throw MirrorError(
          .invalid, file.string, "would become \(name), like another file", remedy: "use only one of them")
      }
      offersSomething = offersSomething || variant.map { $0 != "stage1" && $0 != "stage2" } ?? false
      placements.append(SubarchSetup.Placement(source: file.string, path: path))
    }
    guard offersSomething else {
      throw MirrorError(
        .invalid, "\(place)", "nothing to offer: no file is a stage3 or an image", remedy: "add a stage3")
    }
    self.version = place
    self.placements = placements
    self.kinds = kinds
  }

  /// The name of a file in a version, and its variant; nil if it is not a tarball.
  private static func name(
    of file: FilePath, in version: MirrorPath, _ subarch: SubarchPlace, _ layout: MirrorLayout,
    _ kinds: ArtifactKinds
  ) throws(MirrorError) -> (name: FileName, variant: String?) {
    let own = FileName(bytes: file.lastComponent.map { FilePath(root: nil, components: $0).bytes } ?? [])
    if own == BuildInfo.fileName { return (own, nil) }
    guard let tarball = TarballName(own, kinds), let variant = tarball.variant(of: version, in: layout) else {
      throw MirrorError(
        .invalid, file.string, "is not named like a release file of a build",
        remedy:
          "name it stage3-….tar.xz, or \(layout.stem(of: "NAME", in: version.name, of: subarch)).tar.xz for an image NAME"
      )
    }
    guard ["stage1", "stage2", "stage3"].contains(variant) else { return (own, variant) }
    return (layout.stem(of: variant, in: version.name, of: subarch).appending(tarball.suffix), variant)
  }

  /// Adds the version. The mirror's lock must be held.
  ///
  /// The version counts once its `status` exists, which is written last: after every file is in place, was
  /// read completely, and has its digests.
  ///
  /// - Throws: before anything is made, if a tarball is damaged or the version already exists.
  func apply(_ context: DigestContext, _ scanner: MirrorScanner) throws(MirrorError) -> Made {
    let anchor = try AnchoredDirectory(root: context.root, ownershipRules: context.ownership)
    if try anchor.status(at: version) != nil {
      throw MirrorError(
        .invalid, anchor.displayed(version), "already exists",
        remedy: "add another version, or remove it first")
    }
    for placement in placements where kinds.includes(placement.path.name) { try check(placement, anchor) }
    var report = Made(mirror: "\(context.root)")
    let directory = try anchor.makePath(version)
    do throws(MirrorError) {
      for placement in placements { try placement.place(in: directory, &report.made) }
      try digest(context, scanner, &report)
    } catch {
      remove(directory, anchor)
      throw error
    }
    guard report.messages.isEmpty else {
      remove(directory, anchor)
      report.made = []
      return report
    }
    try DurableFile.write(
      Array(VersionFile.done.utf8), to: VersionFile.status.path.name, in: directory,
      try directory.fileOwnership())
    report.made.append(version.file(.status))
    try link(scanner, anchor, &report)
    return report
  }

  /// Removes a version that this run made, as far as possible, so that the next one can add it.
  private func remove(_ directory: borrowing AnchoredDirectory, _ anchor: borrowing AnchoredDirectory) {
    for entry in (try? directory.entries()) ?? [] { try? directory.unlink(entry.name) }
    try? anchor.directory(version.parent).removeDirectory(version.name)
  }

  private func check(
    _ placement: SubarchSetup.Placement, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    let file = try attempt("open", placement.source) { () throws(Errno) in
      try Descriptor(reading: FilePath(placement.source))
    }
    let status = try attempt("examine", placement.source) { () throws(Errno) in try file.status() }
    guard status.kind == .regular else {
      throw MirrorError(.invalid, placement.source, "is not a regular file", remedy: "give a tarball")
    }
    let format = kinds.format(of: placement.path.name)
    if let format {
      let fault = try attempt("read", placement.source) { () throws(Errno) in
        try StreamEnd.fault(of: file, size: status.size, format)
      }
      if let fault { throw .damaged(placement.source, fault) }
    }
    if placement.path.name.hasPrefix("stage"), format?.isTarball ?? false { try SeedTarball.check(placement) }
  }

  private func digest(
    _ context: DigestContext, _ scanner: MirrorScanner, _ report: inout Made
  ) throws(MirrorError) {
    var options = DigestOptions()
    options.paths = [version]
    let mirror = try scanner.scan()
    let generator = DigestGenerator(context)
    let result = try generator.apply(try generator.plan(mirror, options), to: mirror)
    // A tarball that was digested is listed already.
    for action in result.actions where !report.made.contains(action.path) { report.made.append(action.path) }
    report.messages += result.problems
  }

  /// Points `stage3-latest` to the stage3, if the version is now the newest. In a layout by name, `index` keeps the
  /// links.
  private func link(
    _ scanner: MirrorScanner, _ anchor: borrowing AnchoredDirectory, _ report: inout Made
  ) throws(MirrorError) {
    let subarch = try scanner.scan().subarches.first { $0.path == version.parent }
    guard !layout.isByName, subarch?.newestComplete?.path == version,
      let stage = placements.first(where: {
        guard let name = TarballName($0.path.name, kinds), name.format.isTarball else { return false }
        return name.variant(of: version, in: layout) == "stage3"
      }),
      let suffix = kinds.format(of: stage.path.name)?.suffix
    else { return }
    let directory = try anchor.directory(version.parent)
    let name = FileName("stage3-latest\(suffix)")
    if let there = try directory.status(of: name), there.kind != .link {
      throw MirrorError(
        .invalid, directory.displayed(name), "is not a link, so it cannot point to the latest",
        remedy: "move it away")
    }
    let target = MirrorPath(bytes: version.name.bytes).appending(stage.path.name)
    try directory.replaceLink(name, to: target.bytes, try directory.fileOwnership())
    try directory.sync()
    report.made.append(version.parent.appending(name))
  }
}

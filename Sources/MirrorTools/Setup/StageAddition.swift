import StageTrees
public import MirrorModel
public import LinuxSystem
public import SystemPackage

/// Adds a finished build that was made elsewhere, so that it is offered like one made here.
public struct StageAddition: Sendable {
  /// What was made.
  public struct Made: MirrorReport, Sendable {
    /// Where the mirror is.
    public let mirror: String
    /// Relative to the mirror's root, in the order of making.
    public internal(set) var made: [MirrorPath] = []
    /// Why the version is not offered yet; empty where all is well.
    public internal(set) var messages: [MirrorError] = []

    private enum CodingKeys: CodingKey { case mirror, made }

    /// A line for each.
    public var lines: [ReportLine] { made.map { "made \(displayed($0))" } }
    /// Failed where the version is not offered.
    public var status: ExitStatus { messages.isEmpty ? .done : .failed }
  }

  /// The version's directory.
  private let version: MirrorPath
  private let placements: [SubarchSetup.Placement]

  /// Plans it from names alone.
  ///
  /// - Parameters:
  ///   - subarch: `BUILD/ARCH/SUBARCH`.
  ///   - files: tarballs, and perhaps a `build-info.json`.
  /// - Throws: when a name is not one that a build gives, or there is nothing to offer.
  public init(
    _ subarch: MirrorPath, version: CalendarDate, files: [FilePath]
  ) throws(MirrorError) {
    let names = try SubarchSetup.names(of: subarch)
    let place = subarch.appending(FileName(version.description))
    var placements: [SubarchSetup.Placement] = []
    var offersSomething = false
    for file in files {
      let (name, variant) = try Self.name(of: file, in: place, names)
      let path = place.appending(name)
      if placements.contains(where: { $0.path == path }) {
        throw MirrorError(
          .invalid, file.string, "would become \(name), as another file does", remedy: "name one of them")
      }
      offersSomething = offersSomething || variant.map { $0 != "stage1" && $0 != "stage2" } ?? false
      placements.append(SubarchSetup.Placement(source: file.string, path: path))
    }
    guard offersSomething else {
      throw MirrorError(
        .invalid, "\(place)", "would offer nothing: no file is a stage3 or an image", remedy: "add a stage3")
    }
    self.version = place
    self.placements = placements
  }

  /// The name that a file gets in a version, and what it is; nil for what is no tarball.
  private static func name(
    of file: FilePath, in version: MirrorPath, _ subarch: SubarchPlace
  ) throws(MirrorError) -> (name: FileName, variant: String?) {
    let own = FileName(bytes: file.lastComponent.map { FilePath(root: nil, components: $0).bytes } ?? [])
    if own == BuildInfo.fileName { return (own, nil) }
    guard let tarball = TarballName(own), let variant = tarball.variant(of: version) else {
      throw MirrorError(
        .invalid, file.string, "is not named as a build names its tarballs",
        remedy: "name it stage3-….tar.xz, or NAME-SUBARCH-BUILD-VERSION.tar.xz for an image called NAME")
    }
    guard ["stage1", "stage2", "stage3"].contains(variant) else { return (own, variant) }
    return (
      FileName("\(variant)-\(subarch.name)-\(subarch.build)-\(version.name)\(tarball.suffix)"), variant
    )
  }

  /// Does it. The mirror's lock must be held.
  ///
  /// The version counts by its `status`, which is written last: after every file is in place, was read whole, and has
  /// its digests.
  ///
  /// - Throws: before anything is made, where a tarball is damaged or the version is there already.
  func apply(_ context: DigestContext, _ scanner: MirrorScanner) throws(MirrorError) -> Made {
    let anchor = try AnchoredDirectory(root: context.root, layout: context.ownership)
    if try anchor.status(at: version) != nil {
      throw MirrorError(
        .invalid, anchor.displayed(version), "is there already",
        remedy: "add another version, or remove it first")
    }
    for placement in placements where TarballName(placement.path.name) != nil { try check(placement, anchor) }
    var report = Made(mirror: "\(context.root)")
    let directory = try anchor.makePath(version)
    for placement in placements { try placement.place(in: directory, &report.made) }
    try digest(context, scanner, &report)
    guard report.messages.isEmpty else { return report }
    try DurableFile.write(
      Array(VersionFile.done.utf8), to: VersionFile.status.path.name, in: directory,
      try directory.fileOwnership())
    report.made.append(version.file(.status))
    try link(scanner, anchor, &report)
    return report
  }

  private func check(
    _ placement: SubarchSetup.Placement, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    let file = try attempt("open", placement.source) { () throws(Errno) in
      try Descriptor(reading: FilePath(placement.source))
    }
    let status = try attempt("look at", placement.source) { () throws(Errno) in try file.status() }
    guard status.kind == .regular else {
      throw MirrorError(.invalid, placement.source, "is not a regular file", remedy: "give a tarball")
    }
    if let compression = TarballName(placement.path.name)?.compression {
      let fault = try attempt("read", placement.source) { () throws(Errno) in
        try StreamEnd.fault(of: file, size: status.size, compression)
      }
      if let fault { throw .damaged(placement.source, fault) }
    }
    if placement.path.name.hasPrefix("stage") { try SeedTarball.check(placement) }
  }

  private func digest(
    _ context: DigestContext, _ scanner: MirrorScanner, _ report: inout Made
  ) throws(MirrorError) {
    var options = DigestOptions()
    options.paths = [version]
    let mirror = try scanner.scan()
    let generator = DigestGenerator(context)
    let result = try generator.apply(try generator.plan(mirror, options), to: mirror)
    report.made += result.actions.map(\.path)
    report.messages += result.problems
  }

  /// Lets `stage3-latest` name the stage3, if the version is the newest now.
  private func link(
    _ scanner: MirrorScanner, _ anchor: borrowing AnchoredDirectory, _ report: inout Made
  ) throws(MirrorError) {
    let subarch = try scanner.scan().subarches.first { $0.path == version.parent }
    guard subarch?.newestComplete?.path == version,
      let stage = placements.first(where: { $0.path.name.hasPrefix("stage3-") }),
      let suffix = TarballName(stage.path.name)?.suffix
    else { return }
    let directory = try anchor.directory(version.parent)
    let name = FileName("stage3-latest\(suffix)")
    if let there = try directory.status(of: name), there.kind != .link {
      throw MirrorError(
        .invalid, directory.displayed(name), "is not a link, so it cannot name the latest",
        remedy: "move it away")
    }
    let target = MirrorPath(bytes: version.name.bytes).appending(stage.path.name)
    try directory.replaceLink(name, to: target.bytes, try directory.fileOwnership())
    try directory.sync()
    report.made.append(version.parent.appending(name))
  }
}

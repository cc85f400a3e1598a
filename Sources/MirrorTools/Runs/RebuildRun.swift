import Hashing
public import LinuxSystem
import MirrorModel
public import SystemPackage

/// Makes a lost master again from a destination to which it published.
///
/// Files are fetched into a hidden directory of the new mirror, checked there against what the key signed, and
/// only then moved into place: builds first, the index last. A mark at the root keeps other verbs out until
/// everything is in place, and lets the next run continue.
public struct RebuildRun {
  /// The verb of its run.
  static let verb = "rebuild"
  /// What to accept.
  public struct Options: Sendable {
    /// A file of public keys that count; nil for the key in the configuration.
    public var keys: FilePath?
    /// Whether to accept tarballs that match their digests although no key signed them.
    public var acceptsUnsigned = false

    /// The key in the configuration.
    public init() {}
  }

  private let run: MirrorRun
  private let options: Options

  /// Creates the use case for a run that may create a mirror.
  public init(_ run: MirrorRun, _ options: Options) {
    self.run = run
    self.options = options
  }

  /// Rebuilds the mirror.
  ///
  /// - Parameter source: the name of a destination in the configuration, or an address.
  /// - Throws: code `refused` if the directory is not empty.
  public func apply(from source: String) throws(MirrorError) -> RebuildReport {
    let destination = try destination(source)
    let trust = try trust()
    let anchor = try AnchoredDirectory(root: run.root, ownershipRules: try run.ownership())
    var mark = try begin(from: source, anchor)
    var report = RebuildReport(mirror: "\(run.root)", source: source)
    if mark.phase == .fetching {
      let staging = try fetch(destination, anchor, &report)
      try check(staging, trust, &report)
      mark.phase = .placing
      try mark.write(to: anchor)
    }
    try place(anchor)
    try run.mark()
    run.noteChanges()
    try finish(&report)
    try anchor.unlink(RebuildMark.fileName)
    try anchor.sync()
    run.journal([.init(.rebuilt, .root, detail: source)])
    return report
  }

  private func destination(_ source: String) throws(MirrorError) -> PublishDestination {
    if let named = run.configuration.publishing.first(where: { $0.name == source }) { return named }
    do throws(DestinationAddress.Fault) {
      return PublishDestination(name: "source", to: try DestinationAddress(source))
    } catch {
      switch error {
      case .fault(let problem, let remedy):
        throw MirrorError(
          .invalid, source, "is not a destination of the configuration, and as an address it \(problem)",
          remedy: remedy)
      }
    }
  }

  private func trust() throws(MirrorError) -> TrustedSignatures? {
    let cancellation = run.environment.cancellation
    if let keys = options.keys {
      return .pinned(try PinnedKeys(keys, only: [], setting: "--key", cancellation: cancellation))
    }
    if let signing = run.configuration.signing {
      return .configured(try SignatureChecker(signing, cancellation: cancellation))
    }
    guard options.acceptsUnsigned else {
      throw MirrorError(
        .refused, "signing/key", "is not set, so nothing shows that the files are those of the lost mirror",
        remedy: "\(run: .trustDestination)")
    }
    return nil
  }

  /// Reads the mark of an interrupted run, or writes one to an empty directory.
  private func begin(
    from source: String, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> RebuildMark {
    if let mark = try RebuildMark(in: anchor) {
      guard mark.source == source else {
        throw MirrorError(
          .refused, "\(run.root)", "a rebuild from \(mark.source) was interrupted here",
          remedy: "continue it, or remove everything in the directory")
      }
      return mark
    }
    let own: Set<FileName> = [".mirrorctl.lock", ".mirrorctl.mirror", "lost+found"]
    if let first = try anchor.entries().map(\.name).filter({
      // A run that was killed before it wrote the mark.
      !own.contains($0) && !TemporaryName.matches($0)
    }).min() {
      throw MirrorError(
        .refused, "\(run.root)", "is not empty: it contains \(first)",
        remedy: "rebuild into an empty directory")
    }
    let mark = RebuildMark(source: source, phase: .fetching)
    try mark.write(to: anchor)
    return mark
  }

  /// Fetches everything that the destination offers into the staging directory.
  private func fetch(
    _ destination: PublishDestination, _ anchor: borrowing AnchoredDirectory, _ report: inout RebuildReport
  ) throws(MirrorError) -> FilePath {
    let environment = run.environment
    let rsync = Rsync(
      destination: destination, progress: environment.progress, cancellation: environment.cancellation)
    let listing = try rsync.list(["--exclude=/.*", "--exclude=/lost+found", "--exclude=/project"])
    var (paths, bytes): ([MirrorPath], Int64) = ([], 0)
    for (path, node) in listing.nodes where !path.components.contains(where: \.isHidden) {
      switch node {
      case .file(let size, _):
        paths.append(path)
        bytes &+= size
      case .link: paths.append(path)
      case .directory, .other: break
      }
    }
    guard !paths.isEmpty else {
      throw MirrorError(
        .refused, report.source, "contains no files",
        remedy: "check the address, and that it is mounted there")
    }
    paths.sort()
    if try anchor.status(of: RebuildMark.staging) == nil {
      try anchor.makeDirectory(RebuildMark.staging, mode: 0o700)
    }
    let staging = run.root.appending(RebuildMark.staging.description)
    try rsync.copy(paths, into: staging, bytes: bytes)
    let fetched = try anchor.directory(RebuildMark.staging)
    try give(paths, in: fetched, as: anchor)
    for path in paths where try fetched.status(at: path) == nil {
      report.lost.append(
        .init(path: path, problem: "could not be read there, or is a link out of the mirror"))
    }
    if let first = paths.first(where: { $0.components.contains(MirrorGrammar.packages) }) {
      report.problems.append(
        MirrorError(
          .invalid, "\(run.root)/\(first.parent)", "binary packages were fetched, but not checked here",
          remedy: "\(run: .verify), which checks their signatures"))
    }
    (report.files, report.bytes) = (paths.count - report.lost.count, bytes)
    return staging
  }

  /// Gives fetched files to the owner of the mirror, before their times are recorded.
  private func give(
    _ paths: [MirrorPath], in staging: borrowing AnchoredDirectory, as root: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    for path in Set(paths.flatMap(\.ancestors)).filter({ $0 != .root }).sorted() {
      guard let directory = try? staging.directory(path) else { continue }
      try directory.give(as: root)
    }
    for path in paths {
      guard let file = try? staging.file(path) else { continue }
      let owner = try root.fileOwnership()
      try staging.directory(path.parent).give(file, path.name, to: owner)
    }
  }

  /// Removes everything that nobody trusted signed, and prepares the rest.
  private func check(
    _ staging: FilePath, _ trust: TrustedSignatures?, _ report: inout RebuildReport
  ) throws(MirrorError) {
    let rules = try run.ownership()
    let anchor = Shared(try AnchoredDirectory(root: staging, ownershipRules: rules))
    try checkKeys(anchor.value, &report)
    func scan() throws(MirrorError) -> Mirror {
      try MirrorScanner(
        root: staging, layout: run.configuration.layout, kinds: run.configuration.kinds,
        now: run.environment.now(), probe: run.environment.probe
      ).scan()
    }
    let mirror = try scan()
    let verdict = try RebuildCheck(mirror: mirror, anchor: anchor, hasher: run.hasher, trust: trust).judge()
    guard !verdict.accepted.isEmpty else {
      throw MirrorError(
        .refused, report.source, "contains no tarball that the key signed",
        remedy: "check signing/key, or see \(run: .trustDestination)")
    }
    report.tarballs = verdict.accepted.count
    report.lost += verdict.rejected
    try reject(verdict, mirror, anchor.value)
    let listed = try missing(anchor.value)
    report.lost += listed.filter { path in !report.lost.contains { $0.path == path } }.map {
      .init(path: $0, problem: "is in the index, and is not there")
    }
    try RebuiltControl.write(RebuiltControl.files(of: try scan()), in: anchor.value)
    // Inodes and times stay the same when directories are moved into place.
    let now = run.environment.now()
    try run.catalog().update(
      storing: verdict.accepted.map { accepted in
        (
          accepted.path,
          CatalogRecord(
            identity: accepted.identity, digests: accepted.digests, hashedAt: now,
            verifiedAt: now)
        )
      })
  }

  /// Removes a file of public keys that is not the one of the configuration.
  private func checkKeys(
    _ anchor: borrowing AnchoredDirectory, _ report: inout RebuildReport
  ) throws(MirrorError) {
    let path = MirrorPath(bytes: PublicKeyFile.name.bytes)
    guard let bytes = try? anchor.contents(of: path, limit: 1 << 20) else { return }
    if let signing = run.configuration.signing,
      try PublicKeyFile.keys(in: bytes, signing, cancellation: run.environment.cancellation) != nil
    {
      return
    }
    try anchor.unlink(PublicKeyFile.name)
    report.lost.append(.init(path: path, problem: "is not the key of the configuration"))
  }

  private func reject(
    _ verdict: RebuildCheck.Verdict, _ mirror: Mirror, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    for path in verdict.wrong { try anchor.directory(path.parent).unlink(path.name) }
    let rejected = Set(verdict.rejected.map(\.path))
    for folder in mirror.folders {
      let gone = Set(folder.tarballs.filter { rejected.contains($0.path) }.map(\.name))
      guard !gone.isEmpty else { continue }
      let directory = try anchor.directory(folder.path)
      for sidecar in folder.sidecars where gone.contains(sidecar.tarball) {
        try directory.unlink(sidecar.name)
      }
      for name in gone { try directory.unlink(name) }
      // A version without tarballs is not one.
      if gone.count == folder.tarballs.count, case .version = folder.path.place {
        try TreeRemover(cancellation: run.environment.cancellation).remove(
          folder.path.name, in: try anchor.directory(folder.path.parent))
      }
    }
  }

  /// Tarballs that an index names and that are not there.
  private func missing(_ anchor: borrowing AnchoredDirectory) throws(MirrorError) -> [MirrorPath] {
    var missing: Set<MirrorPath> = []
    for path in ["index.xml", "index.json"] as [MirrorPath] {
      guard let bytes = try? anchor.contents(of: path, limit: 256 << 20),
        let content = IndexReferences(bytes, at: path)
      else { continue }
      for reference in content.references
      where reference.path.isPlain && !reference.path.bytes.isEmpty
        && (try? anchor.status(at: reference.path)) == .some(.none)
      {
        missing.insert(reference.path)
      }
    }
    return missing.sorted()
  }

  /// Moves everything from the staging directory into place, the index last.
  private func place(_ anchor: borrowing AnchoredDirectory) throws(MirrorError) {
    guard try anchor.status(of: RebuildMark.staging) != nil else { return }
    let staging = try anchor.directory(RebuildMark.staging)
    func rank(_ entry: AnchoredDirectory.Entry) -> Int {
      if entry.kind == .directory { return entry.name == "streams" ? 1 : 0 }
      let isSignature = SignatureFormat.parse(entry.name) != nil
      return entry.name.hasPrefix("index.") ? (isSignature ? 4 : 3) : 2
    }
    let entries = try staging.entries().filter { !$0.name.isHidden }
    for entry in entries.sorted(by: { (rank($0), $0.name) < (rank($1), $1.name) }) {
      try run.environment.cancellation.check()
      try anchor.take(entry.name, from: staging, as: entry.name)
    }
    try anchor.sync()
    try TreeRemover(cancellation: run.environment.cancellation).remove(RebuildMark.staging, in: anchor)
  }

  /// Completes digests, signatures and indexes, and fills the catalog.
  private func finish(_ report: inout RebuildReport) throws(MirrorError) {
    do throws(MirrorError) {
      let digestgen = DigestgenRun(run)
      report.problems += try digestgen.apply(try digestgen.plan()).messages
      report.problems += try IndexRun(run).apply().messages
    } catch {
      // Such as a build that the catalog of the lost mirror names, and that is not there: `forget` accepts that.
      guard error.code != .interrupted else { throw error }
      report.problems.append(error)
    }
  }
}

/// Result of rebuilding a mirror.
public struct RebuildReport: MirrorReport {
  /// Root of the mirror.
  public let mirror: String
  /// The destination.
  public let source: String
  /// Files and links that were fetched.
  public internal(set) var files = 0
  /// Their size in bytes.
  public internal(set) var bytes: Int64 = 0
  /// Tarballs that were accepted.
  public internal(set) var tarballs = 0
  /// Files that were not recovered.
  public internal(set) var lost: [RebuildLoss] = []
  /// What could not be done.
  public internal(set) var problems: [MirrorError] = []

  private enum CodingKeys: CodingKey { case mirror, source, files, bytes, tarballs, lost, problems }

  init(mirror: String, source: String) {
    self.mirror = mirror
    self.source = source
  }

  /// One line per file that was not recovered, and the total.
  public var lines: [ReportLine] {
    lost.map { ReportLine("not recovered: \($0.path): \($0.problem)", isEssential: true) } + [
      files > 0
        ? "\(counted(files, "file", "files")) fetched, \(humanBytes(bytes)); \(counted(tarballs, "tarball", "tarballs")) checked"
        : "everything is in place"
    ]
  }

  /// What could not be done.
  public var messages: [MirrorError] { problems }

  /// What no destination has.
  public var notes: [String] {
    [
      "files that are not published were not recovered: failed and excluded versions, logs that were excluded, failure counts, remote seeds and the history of builds"
    ]
  }

  /// `partial` if something was not recovered.
  public var status: ExitStatus { lost.isEmpty && problems.isEmpty ? .done : .partial }
}

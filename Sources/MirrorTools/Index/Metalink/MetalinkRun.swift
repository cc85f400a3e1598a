import MirrorModel
import Hashing
import LinuxSystem

/// Result of writing metalinks.
struct MetalinkReport: Sendable {
  /// Files and links that were written or removed, in path order.
  fileprivate(set) var changed: [MirrorPath] = []
  /// Tarballs whose content does not match their digests.
  fileprivate(set) var corrupt: [MirrorPath] = []
  /// Failures.
  fileprivate(set) var problems: [MirrorError] = []
}

/// Keeps a `.meta4` beside every tarball on offer: the compressed tarballs of all complete versions with a
/// known SHA-256.
///
/// A tarball is read only if its metalink does not match its known digests.
struct MetalinkRun: Sendable {
  private let source: IndexSource
  private let isWanted: Bool
  private let ownershipRules: OwnershipRules
  private let hashing: HashingOptions
  private let progress: RunProgress
  private let cancellation: Cancellation

  /// - Parameters:
  ///   - isWanted: whether metalinks were requested: then those of others are replaced.
  ///   - ownershipRules: owner and mode of new files.
  ///   - hashing: how to read tarballs.
  init(
    _ source: IndexSource, isWanted: Bool = true, ownershipRules: OwnershipRules = OwnershipRules(),
    hashing: HashingOptions,
    progress: RunProgress, cancellation: Cancellation
  ) {
    self.source = source
    self.isWanted = isWanted
    self.ownershipRules = ownershipRules
    self.hashing = hashing
    self.progress = progress
    self.cancellation = cancellation
  }

  /// Whether a mirror has metalinks written by mirrorctl.
  static func isPresent(in mirror: Mirror, _ anchor: borrowing AnchoredDirectory) -> Bool {
    for folder in mirror.folders {
      for sidecar in folder.sidecars where sidecar.kind == .metalink {
        if IndexMark.isThere(folder.path.appending(sidecar.name), anchor) { return true }
      }
    }
    return false
  }

  /// Writes missing and changed metalinks, removes those without a tarball, and updates links.
  ///
  /// - Throws: if the mirror cannot be read, or the run was interrupted.
  func apply() throws(MirrorError) -> MetalinkReport {
    let anchor = Shared(try AnchoredDirectory(root: source.mirror.root, ownershipRules: ownershipRules))
    let work = MetalinkWork(
      anchor: anchor, publisher: Shared(try IndexPublisher(root: source.mirror.root, ownershipRules)),
      source: source, cancellation: cancellation,
      hasher: PieceHasher(hashing, Pace(hashing.bytesPerSecond, progress, cancellation)))
    var report = MetalinkReport()
    if source.settings.urls.isEmpty { report.problems.append(Self.noAddress) }
    var offers = MetalinkOffer.all(source, &report.problems)
    if !isWanted { offers.removeAll { $0.hasMetalink && IndexMark.isForeign($0.path, anchor.value) } }
    let known = Workers.map(offers, jobs: hashing.jobs ?? Workers.processors) { work.renew($0) }
    let unread = zip(offers, known).filter { $0.1.isUnread }.map(\.0)
    progress.begin(
      "hashing pieces", bytes: unread.reduce(0) { $0 &+ $1.tarball.status.size }, files: unread.count)
    let jobs = Disks.threads(over: unread.map(\.tarball.status.identity.device), asked: hashing.jobs)
    let read = Workers.map(unread, jobs: jobs) { work.make($0) }
    progress.end()
    var present = Set<MirrorPath>()
    for outcome in known + read {
      if outcome.isPresent { present.insert(outcome.path) }
      if outcome.isChanged { report.changed.append(outcome.path) }
      if outcome.isCorrupt { report.corrupt.append(outcome.tarball) }
      if let problem = outcome.problem { report.problems.append(problem) }
    }
    try cancellation.check()
    work.removeStale(present, &report.changed, &report.problems)
    MetalinkLinks(present: present).apply(source.mirror, anchor.value, &report.changed, &report.problems)
    report.changed.sort()
    report.corrupt.sort()
    return report
  }

  private static let noAddress = MirrorError(
    .invalid, "index/urls", "no metalinks are written, since they require a URL of the mirror",
    remedy:
      "set the URL of the mirror's root (index/urls, or url in a [section publish/NAME]), or remove all .meta4 files"
  )
}

/// A tarball that gets a metalink, and its known data.
struct MetalinkOffer: Sendable {
  let tarball: Tarball
  let name: String
  let (sha256, sha512): (String, String?)
  /// The armoured signature beside it, if not older.
  let signature: MirrorPath?
  /// Whether there is a `.meta4` beside it.
  let hasMetalink: Bool

  /// Path of its metalink.
  var path: MirrorPath {
    tarball.path.parent.appending(tarball.name.appending(SidecarKind.metalink.rawValue))
  }

  /// All tarballs on offer in a mirror; those with names not valid in XML are omitted and reported.
  static func all(_ source: IndexSource, _ problems: inout [MirrorError]) -> [MetalinkOffer] {
    var offers: [MetalinkOffer] = []
    for subarch in source.subarches {
      for version in source.versions(of: subarch) {
        for artifact in version.offers(of: subarch) where artifact.tarball.format.isReleased {
          let tarball = artifact.tarball
          let digests = source.digests(tarball)
          guard let sha256 = digests["sha256"] else { continue }
          guard let name = tarball.name.text, XMLText.isValid(name) else {
            problems.append(
              MirrorError(
                .invalid, source.mirror.displayed(tarball.path),
                "omitted from the metalinks: the name is not valid in XML", remedy: "rename it"))
            continue
          }
          let beside = version.folder.sidecars(of: tarball.name)
          let signature = beside.first {
            $0.kind == .armored && !$0.identity.isOlder(than: tarball.status.identity)
          }
          offers.append(
            MetalinkOffer(
              tarball: tarball, name: name, sha256: sha256, sha512: digests["sha512"],
              signature: signature.map { version.path.appending($0.name) },
              hasMetalink: beside.contains { $0.kind == .metalink }))
        }
      }
    }
    return offers
  }
}

public import SystemPackage

/// What a run that hashes a mirror's tarballs needs, whatever for.
public struct DigestRun: Sendable {
  let root: FilePath
  let layout: MirrorLayout
  let catalog: Catalog
  let engine: any DigestEngine
  let progress: RunProgress
  let cancellation: Cancellation
  /// Seconds since the epoch.
  let now: Int64

  /// - Parameters:
  ///   - layout: whose sidecars are.
  ///   - hashing: how tarballs are read and hashed.
  ///   - now: seconds since the epoch.
  public init(
    root: FilePath, layout: MirrorLayout = MirrorLayout(), catalog: Catalog, hashing: HashingOptions,
    now: Int64, progress: RunProgress,
    cancellation: Cancellation
  ) {
    self.root = root
    self.layout = layout
    self.catalog = catalog
    engine = LaneDigestEngine(hashing)
    self.progress = progress
    self.cancellation = cancellation
    self.now = now
  }

  /// Hashes files as a step of this name, and hands each result over on whichever thread found it.
  func hash(
    _ requests: [DigestRequest], as step: String, in anchor: Shared<AnchoredDirectory>,
    deliver: @escaping @Sendable (Int, Result<DigestResult, MirrorError>) -> Void
  ) {
    progress.begin(step, bytes: requests.reduce(0) { $0 &+ $1.size }, files: requests.count)
    defer { progress.end() }
    engine.digest(
      requests, in: anchor, progress: progress, cancellation: cancellation, deliver: deliver)
  }
}

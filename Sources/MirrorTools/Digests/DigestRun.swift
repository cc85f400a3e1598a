import StageTrees
import MirrorModel
public import Hashing
public import LinuxSystem
public import SystemPackage

/// What a run that hashes a mirror's tarballs needs, whatever for.
public struct DigestRun: Sendable {
  let root: FilePath
  let layout: OwnershipRules
  let catalog: Catalog
  let engine: any DigestEngine
  /// nil where nothing is signed.
  let signing: SigningSettings?
  /// Threads that were asked for.
  let jobs: Int?
  let progress: RunProgress
  let cancellation: Cancellation
  /// Seconds since the epoch.
  let now: Int64

  /// - Parameters:
  ///   - layout: whose sidecars are.
  ///   - hashing: how tarballs are read and hashed.
  ///   - signing: with which key tarballs and digests are signed, and their signatures checked.
  ///   - now: seconds since the epoch.
  public init(
    root: FilePath, layout: OwnershipRules = OwnershipRules(), catalog: Catalog, hashing: HashingOptions,
    signing: SigningSettings? = nil, now: Int64, progress: RunProgress,
    cancellation: Cancellation
  ) {
    self.root = root
    self.layout = layout
    self.catalog = catalog
    engine = LaneDigestEngine(hashing)
    jobs = hashing.jobs
    self.signing = signing
    self.progress = progress
    self.cancellation = cancellation
    self.now = now
  }

  /// Hashes files as a step of this name, and hands each result over on whichever thread found it.
  ///
  /// Compressed tarballs are judged on the way.
  func hash(
    _ requests: [DigestRequest], as step: String, in anchor: Shared<AnchoredDirectory>,
    deliver: @escaping @Sendable (Int, Result<DigestResult, MirrorError>) -> Void
  ) {
    progress.begin(step, bytes: requests.reduce(0) { $0 &+ $1.size }, files: requests.count)
    defer { progress.end() }
    let judged = requests.map { request in
      var request = request
      request.judge = TarballName(request.path.name)?.compression.map(StreamEnd.init)
      return request
    }
    engine.digest(
      judged, in: anchor, progress: progress, cancellation: cancellation, deliver: deliver)
  }

  /// Calls `body` with each file that other programs are to read, in a step of this name, several at a time.
  func forEach<File: Sendable>(
    _ files: [File], as step: String, size: @escaping @Sendable (File) -> (bytes: Int64, device: UInt64),
    _ body: @escaping @Sendable (File) -> Void
  ) {
    progress.begin(step, bytes: files.reduce(0) { $0 &+ size($1).bytes }, files: files.count)
    defer { progress.end() }
    let jobs = Disks.threads(over: files.map { size($0).device }, asked: jobs)
    let (progress, cancellation) = (progress, cancellation)
    Workers.forEach(files.count, jobs: jobs) { index in
      guard !cancellation.isCancelled else { return }
      body(files[index])
      progress.add(bytes: Int(clamping: size(files[index]).bytes))
      progress.addFile()
    }
  }
}

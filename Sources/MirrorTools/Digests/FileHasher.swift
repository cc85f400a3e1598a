import StageTrees
import MirrorModel
import Hashing
import LinuxSystem

/// Reads files of a mirror on all its disks in parallel, by hashing or with other programs, and reports
/// progress.
struct FileHasher: Sendable {
  private let engine: any DigestEngine
  /// Requested number of threads.
  private let jobs: Int?
  private var progress: RunProgress
  let cancellation: Cancellation
  /// The formats of release files.
  let kinds: ArtifactKinds

  /// - Parameter hashing: how to read and hash files.
  init(
    _ hashing: HashingOptions, kinds: ArtifactKinds, progress: RunProgress, cancellation: Cancellation
  ) {
    self.kinds = kinds
    engine = LaneDigestEngine(hashing)
    jobs = hashing.jobs
    self.progress = progress
    self.cancellation = cancellation
  }

  /// The same, with the progress of its steps elsewhere.
  func showing(_ progress: RunProgress) -> FileHasher {
    var hasher = self
    hasher.progress = progress
    return hasher
  }

  /// Hashes files as a step of this name, and passes on each result on the thread that obtained it.
  ///
  /// The ends of released tarballs are checked at the same time.
  func hash(
    _ requests: [DigestRequest], as step: String, in anchor: Shared<AnchoredDirectory>,
    deliver: @escaping @Sendable (Int, Result<DigestResult, MirrorError>) -> Void
  ) {
    progress.begin(step, bytes: requests.reduce(0) { $0 &+ $1.size }, files: requests.count)
    defer { progress.end() }
    let judged = requests.map { request in
      var request = request
      request.judge = kinds.format(of: request.path.name).flatMap { StreamEnd($0) }
      return request
    }
    engine.digest(
      judged, in: anchor, progress: progress, cancellation: cancellation, deliver: deliver)
  }

  /// Hashes files of a mirror; results are in the order of the requests, with an error for each unreadable
  /// file.
  func results(
    _ requests: [DigestRequest], as step: String, in anchor: Shared<AnchoredDirectory>
  ) throws(MirrorError) -> [Result<DigestResult, MirrorError>] {
    guard !requests.isEmpty else { return [] }
    let found = Monitor<[Int: Result<DigestResult, MirrorError>]>([:])
    hash(requests, as: step, in: anchor) { index, result in found.withLock { $0[index] = result } }
    try cancellation.check()
    let results = found.withLock { $0 }
    return requests.indices.map { index in
      results[index]
        ?? .failure(MirrorError(.library, "\(requests[index].path)", "was not read", remedy: "run again"))
    }
  }

  /// Calls `body` for each file to be read by other programs, several at a time, as a step of this name.
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

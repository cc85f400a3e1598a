/// A file to hash.
struct DigestRequest: Sendable {
  let path: MirrorPath
  /// Bytes, as the scan saw them: only for the order of work.
  let size: Int64
  /// The file system's, as `statx(2)` has it: only for the order of work.
  let device: UInt64
  let algorithms: Set<DigestAlgorithm>
}

/// What hashing a file gave.
struct DigestResult: Sendable {
  let digests: DigestSet
  /// The same before and after every byte was read.
  let identity: FileIdentity
  /// What is wrong with it, if it is a compressed tarball.
  let fault: StreamFault?
}

/// How the files of a run are read and hashed.
public struct HashingOptions: Sendable {
  /// Threads that read and hash; nil for one a processor, and one for each rotational disk.
  public var jobs: Int?
  /// Bytes read a second, by all threads together; nil for no limit.
  public var bytesPerSecond: Int64?
  /// Leaves the page cache as it was.
  public var dropsCache = false
  /// Instructions that may be used where the processor has them; without any, OpenSSL hashes.
  public var instructionSets = Set(InstructionSet.allCases)

  /// As fast as it goes.
  public init() {}
}

/// Hashes many files.
protocol DigestEngine: Sendable {
  /// Hashes every file and hands each result over as soon as it is there, on any thread.
  ///
  /// A file that cannot be read, or changes meanwhile, fails alone. After a cancellation the rest is not
  /// delivered.
  func digest(
    _ requests: [DigestRequest], in mirror: Shared<AnchoredDirectory>, progress: RunProgress,
    cancellation: Cancellation, deliver: @escaping @Sendable (Int, Result<DigestResult, MirrorError>) -> Void)
}

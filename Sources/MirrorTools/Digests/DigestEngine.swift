/// A file to hash.
struct DigestRequest: Sendable {
  let path: MirrorPath
  /// Bytes, as the scan saw them: only for the order of work.
  let size: Int64
  let algorithms: Set<DigestAlgorithm>
}

/// What hashing a file gave.
struct DigestResult: Sendable {
  let digests: DigestSet
  /// The same before and after every byte was read.
  let identity: FileIdentity
}

/// Hashes many files.
protocol DigestEngine: Sendable {
  /// Hashes every file and hands each result over as soon as it is there, on whichever thread found it.
  ///
  /// A file that cannot be read, or changes meanwhile, fails alone. After a cancellation the rest is not
  /// delivered.
  func digest(
    _ requests: [DigestRequest], in mirror: Shared<AnchoredDirectory>, progress: RunProgress,
    cancellation: Cancellation, deliver: @escaping @Sendable (Int, Result<DigestResult, MirrorError>) -> Void)
}

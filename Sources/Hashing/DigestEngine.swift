package import MirrorModel
package import LinuxSystem
package import SystemPackage

/// Watches the bytes of a file while it is hashed, and reports what is wrong with them.
package protocol StreamJudge: Sendable {
  /// Takes the next bytes of the file; all bytes pass through, in order.
  mutating func take(_ bytes: UnsafeRawBufferPointer)

  /// The fault of a file of `size` bytes, all of which were passed; nil if there is none.
  ///
  /// - Throws: when the file cannot be examined.
  func fault(of file: borrowing Descriptor, size: Int64) throws(Errno) -> StreamFault?
}

/// A file to hash.
package struct DigestRequest: Sendable {
  package let path: MirrorPath
  /// Size found by the scan, in bytes: only for the order of work.
  package let size: Int64
  /// The device number from `statx(2)`: only for the order of work.
  package let device: UInt64
  package let algorithms: Set<DigestAlgorithm>
  /// Watches the bytes; nil for none.
  package var judge: (any StreamJudge)?

  package init(
    path: MirrorPath, size: Int64, device: UInt64, algorithms: Set<DigestAlgorithm>,
    judge: (any StreamJudge)? = nil
  ) {
    self.path = path
    self.size = size
    self.device = device
    self.algorithms = algorithms
    self.judge = judge
  }
}

/// The result of hashing a file.
package struct DigestResult: Sendable {
  package let digests: DigestSet
  /// Its identity, the same before and after all bytes were read.
  package let identity: FileIdentity
  /// The fault reported by its judge.
  package let fault: StreamFault?

  package init(digests: DigestSet, identity: FileIdentity, fault: StreamFault?) {
    self.digests = digests
    self.identity = identity
    self.fault = fault
  }
}

/// Options for reading and hashing the files of a run.
public struct HashingOptions: Sendable {
  /// Number of threads; nil for one per CPU, and one for each rotational disk.
  public var jobs: Int?
  /// Maximum bytes read per second by all threads together; nil for no limit.
  public var bytesPerSecond: Int64?
  /// Whether to leave the page cache as it was.
  public var dropsCache = false
  /// Whether to hash cached files where the page cache has them, instead of copying them.
  ///
  /// This installs a handler of SIGBUS in the process, for files that become shorter meanwhile. Faults elsewhere
  /// go to the handler that was there before.
  public var mapsFiles = false
  /// Instruction sets that may be used if the CPU has them; with none, OpenSSL hashes.
  public var instructionSets = Set(InstructionSet.allCases)

  /// No rate limit, with this number of threads.
  public init(jobs: Int? = nil) { self.jobs = jobs }
}

/// Hashes many files.
package protocol DigestEngine: Sendable {
  /// Hashes every file and delivers each result as soon as it is available, on any thread.
  ///
  /// A file that cannot be read, or changes meanwhile, fails by itself. After a cancellation the remaining
  /// results are not delivered.
  func digest(
    _ requests: [DigestRequest], in mirror: Shared<AnchoredDirectory>, progress: RunProgress,
    cancellation: Cancellation, deliver: @escaping @Sendable (Int, Result<DigestResult, MirrorError>) -> Void)
}

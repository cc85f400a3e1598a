package import MirrorModel
package import LinuxSystem
package import SystemPackage

/// Watches the bytes of a file on their way to the digests, and says what is wrong with them.
package protocol StreamJudge: Sendable {
  /// Takes the next bytes of the file; all of them come by, in order.
  mutating func take(_ bytes: UnsafeRawBufferPointer)

  /// What is wrong with the file, of `size` bytes that all came by; nil if nothing is.
  ///
  /// - Throws: what keeps the file from being looked at.
  func fault(of file: borrowing Descriptor, size: Int64) throws(Errno) -> StreamFault?
}

/// A file to hash.
package struct DigestRequest: Sendable {
  package let path: MirrorPath
  /// Bytes, as the scan saw them: only for the order of work.
  package let size: Int64
  /// The file system's, as `statx(2)` has it: only for the order of work.
  package let device: UInt64
  package let algorithms: Set<DigestAlgorithm>
  /// Looks at what is hashed; nil for what nobody judges.
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

/// What hashing a file gave.
package struct DigestResult: Sendable {
  package let digests: DigestSet
  /// The same before and after every byte was read.
  package let identity: FileIdentity
  /// What is wrong with it, as its judge says.
  package let fault: StreamFault?

  package init(digests: DigestSet, identity: FileIdentity, fault: StreamFault?) {
    self.digests = digests
    self.identity = identity
    self.fault = fault
  }
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

  /// As fast as it goes, with so many threads.
  public init(jobs: Int? = nil) { self.jobs = jobs }
}

/// Hashes many files.
package protocol DigestEngine: Sendable {
  /// Hashes every file and hands each result over as soon as it is there, on any thread.
  ///
  /// A file that cannot be read, or changes meanwhile, fails alone. After a cancellation the rest is not
  /// delivered.
  func digest(
    _ requests: [DigestRequest], in mirror: Shared<AnchoredDirectory>, progress: RunProgress,
    cancellation: Cancellation, deliver: @escaping @Sendable (Int, Result<DigestResult, MirrorError>) -> Void)
}

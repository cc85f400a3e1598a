import MirrorModel
import Hashing
import LinuxSystem

/// Hashes files of an upload, and the files in the mirror to compare them with.
struct UploadHashing {
  /// A file to hash.
  enum Subject: Hashable, Sendable {
    /// A file of the upload, by its destination.
    case uploaded(MirrorPath)
    /// The existing file at that destination.
    case there(MirrorPath)
  }

  private let catalog: Catalog
  private var known: [Subject: DigestResult] = [:]
  private var requests: [(subject: Subject, request: DigestRequest)] = []

  init(_ catalog: Catalog) { self.catalog = catalog }

  /// Requests SHA-256 and other digests of a file; those in the catalog are not computed again.
  mutating func add(
    _ path: MirrorPath, as subject: Subject, _ status: FileStatus, _ algorithms: Set<DigestAlgorithm>
  ) throws(MirrorError) {
    let wanted = algorithms.union([.sha256])
    if let record = try catalog.record(of: path), !record.isCorrupt, record.digests.covers(wanted),
      status.identity.isSameFile(as: record.identity)
    {
      known[subject] = DigestResult(
        digests: record.digests, identity: status.identity, fault: record.fault)
    } else {
      requests.append(
        (
          subject,
          DigestRequest(
            path: path, size: status.size, device: status.identity.device, algorithms: wanted)
        ))
    }
  }

  /// The digests of all files.
  func sums(
    _ hasher: FileHasher, in anchor: Shared<AnchoredDirectory>
  ) throws(MirrorError) -> [Subject: DigestResult] {
    var sums = known
    let results = try hasher.results(requests.map(\.request), as: "receiving", in: anchor)
    for (request, result) in zip(requests, results) { sums[request.subject] = try result.get() }
    return sums
  }
}

import MirrorModel
import Hashing
import LinuxSystem

/// Hashes files of an upload, and those in the mirror that they are compared with.
struct UploadHashing {
  /// What a file is asked about for.
  enum Subject: Hashable, Sendable {
    /// A file of the upload, by its place.
    case uploaded(MirrorPath)
    /// What lies in that place.
    case there(MirrorPath)
  }

  private let catalog: Catalog
  private var known: [Subject: DigestResult] = [:]
  private var requests: [(subject: Subject, request: DigestRequest)] = []

  init(_ catalog: Catalog) { self.catalog = catalog }

  /// Asks for SHA-256 and other digests of a file; what the catalog knows of it is not computed again.
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

  /// The digests of all.
  func sums(
    _ hasher: FileHasher, in anchor: Shared<AnchoredDirectory>
  ) throws(MirrorError) -> [Subject: DigestResult] {
    var sums = known
    let results = try hasher.results(requests.map(\.request), as: "receiving", in: anchor)
    for (request, result) in zip(requests, results) { sums[request.subject] = try result.get() }
    return sums
  }
}

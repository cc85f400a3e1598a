import MirrorModel
import LinuxSystem

/// What is known of files beyond the two listings.
struct PublishKnowledge: Sendable {
  /// What this mirror sent there; nil if no record tells.
  var record: SentRecord?
  /// SHA-256 of the files here.
  var sums: [MirrorPath: [UInt8]] = [:]
  /// Whether files that were compared are the same on both sides.
  var compared: [MirrorPath: Bool] = [:]
  /// Whether no symbolic link can be made there.
  var lacksLinks = false

  /// How a file there relates to the one here.
  enum Standing { case missing, same, different, doubtful }

  /// A listing tells size and time alone, and neither says that the content is the same.
  func standing(_ entry: LocalEntry, _ node: ListedNode?) -> Standing {
    guard let node else { return .missing }
    guard case .file(let size, let seconds) = entry.node, case .file(size, let there) = node else {
      return node == entry.node ? .same : .different
    }
    if let isSame = compared[entry.path] { return isSame ? .same : .different }
    guard let sent = record?.files[entry.path] else { return there == seconds ? .doubtful : .different }
    guard sent.size == size, sent.seconds == seconds, sent.sha256 == sums[entry.path] else {
      return .different
    }
    return !sent.isDoubtful && there == sent.secondsThere ?? seconds ? .same : .doubtful
  }

  /// Files larger than this are compared only if there is a reason to think that they differ.
  private static let smallSize: Int64 = 1 << 20

  /// Judges a file of which no record tells, and that looks the same in both listings: a tarball by its digests.
  ///
  /// - Parameter digests: the files here that tell digests of it, with their nodes there.
  /// - Returns: the verdict, and what must be compared for it.
  func unrecorded(
    _ entry: LocalEntry, digests: [(entry: LocalEntry, node: ListedNode?)]
  ) -> (standing: Standing, questions: [LocalEntry]) {
    guard TarballName(entry.path.name) != nil else {
      return entry.node.size > Self.smallSize ? (.same, []) : (.doubtful, [entry])
    }
    let there = digests.filter { $0.node != nil }
    let open = there.filter { compared[$0.entry.path] == nil && $0.node?.size == $0.entry.node.size }
    if !open.isEmpty { return (.doubtful, open.map(\.entry)) }
    let hasProof = there.isEmpty || there.contains { compared[$0.entry.path] == true }
    return hasProof ? (.same, []) : (.doubtful, [entry])
  }
}

import MirrorModel
import LinuxSystem

/// Information about files beyond the two listings.
struct PublishKnowledge: Sendable {
  /// Files that this mirror sent there; nil if there is no record.
  var record: SentRecord?
  /// SHA-256 of the files here.
  var sums: [MirrorPath: [UInt8]] = [:]
  /// Results of comparing files: whether both sides are the same.
  var compared: [MirrorPath: Bool] = [:]
  /// Whether the other side does not support symbolic links.
  var lacksLinks = false

  /// State of a file there compared with the one here.
  enum Standing { case missing, same, different, doubtful }

  /// Compares a file there with the one here; equal size and time alone do not prove equal content.
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

  /// Larger files are compared only if there is a reason to expect a difference.
  private static let smallSize: Int64 = 1 << 20

  /// Judges a file without a record that looks the same in both listings; a tarball is judged by its digests.
  ///
  /// - Parameters:
  ///   - digests: the files here with digests of it, with their entries there.
  ///   - isArtifact: whether it is a release file.
  /// - Returns: the verdict, and the files to compare for it.
  func unrecorded(
    _ entry: LocalEntry, isArtifact: Bool, digests: [(entry: LocalEntry, node: ListedNode?)]
  ) -> (standing: Standing, questions: [LocalEntry]) {
    guard isArtifact else {
      return entry.node.size > Self.smallSize ? (.same, []) : (.doubtful, [entry])
    }
    let there = digests.filter { $0.node != nil }
    let open = there.filter { compared[$0.entry.path] == nil && $0.node?.size == $0.entry.node.size }
    if !open.isEmpty { return (.doubtful, open.map(\.entry)) }
    let hasProof = there.isEmpty || there.contains { compared[$0.entry.path] == true }
    return hasProof ? (.same, []) : (.doubtful, [entry])
  }
}

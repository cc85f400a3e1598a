public import LinuxSystem
import MirrorModel

/// Offers finished tarballs of a build to downloaders, in the order in which they may rely on them: digests,
/// signatures, links and lists.
///
/// Without it, the next `upkeep` does the same.
public struct OfferRun {
  private let run: MirrorRun
  private let paths: [MirrorPath]

  /// - Parameter paths: the tarballs, relative to the root of the mirror.
  public init(_ run: MirrorRun, _ paths: [MirrorPath]) {
    self.run = run
    self.paths = paths
  }

  /// Whether a build in this mirror ends with it: the names of its lists are those that downloaders look for.
  public var isUsual: Bool { run.configuration.layout.isByName && !paths.isEmpty }

  /// Makes digests, signatures and indexes, under the lock of the mirror.
  ///
  /// - Returns: problems.
  /// - Throws: ``MirrorError`` with code `busy` if another run holds the lock.
  public func apply() throws(MirrorError) -> [MirrorError] {
    let writer = try MirrorRun(writing: run.root, run.configuration, run.environment, as: "build")
    var options = DigestOptions()
    // Links to the tarballs in the same directories get their digests as well.
    options.paths = Set(paths.map(\.parent)).sorted()
    let digestgen = DigestgenRun(writer, options)
    let report = try digestgen.apply(digestgen.plan())
    return try report.messages + IndexRun(writer).apply().messages
  }
}

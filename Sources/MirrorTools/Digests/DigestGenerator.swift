import StageTrees
import Hashing
import LinuxSystem
import MirrorModel

/// Plans and carries out `digestgen`.
///
/// A sidecar is written before any file that refers to it, and only after its tarball was read completely and
/// unchanged.
struct DigestGenerator {
  private let context: DigestContext

  /// Creates a generator for one mirror.
  init(_ context: DigestContext) { self.context = context }

  /// What would be done; reads the catalog and the sidecars unknown to it, and writes nothing.
  func plan(_ mirror: Mirror, _ options: DigestOptions) throws(MirrorError) -> DigestPlan {
    let options = options.adding(mirror.layout)
    let digestFile = DigestFile(mirror.layout)
    let anchor = try AnchoredDirectory(root: context.root)
    var plan = try DigestPlanner(
      options: options, signing: context.signing, catalog: context.catalog,
      checked: try context.catalog.checkedSignatures(),
      readSidecar: { tarball in
        // Unreadable or malformed: the tarball is hashed and the sidecar rewritten.
        guard let directory = try? anchor.directory(tarball.path.parent) else { return nil }
        return try? digestFile.digests(
          of: tarball.name, vouchingFor: tarball.status.identity, in: directory)
      },
      isDamaged: { tarball in
        (try? anchor.fault(of: tarball)) != nil
      }
    ).plan(mirror)
    if let settings = context.signing, let renewal = SignatureRenewal(mirror, settings, context.cancellation)
    {
      renewal.plan(mirror, options, beingBuilt: plan.skipped.map(\.path), in: anchor, into: &plan)
      for path in plan.signatures.map(\.path) where plan.records[path] == nil {
        plan.records[path] = try context.catalog.record(of: path)
      }
    }
    return plan
  }

  /// Carries out a plan. The mirror's lock must be held.
  ///
  /// - Parameter each: called, on any thread, with each long action when it is done; see
  ///   ``DigestReport/Kind/isSentAtOnce``.
  /// - Throws: ``MirrorError`` only if nothing could be done at all; other errors are in the report.
  func apply(
    _ plan: DigestPlan, to mirror: Mirror,
    each: @escaping @Sendable (DigestReport.Action) -> Void = { _ in }
  ) throws(MirrorError) -> DigestReport {
    let work = DigestWork(
      anchor: Shared(try AnchoredDirectory(root: context.root, ownershipRules: context.ownership)),
      layout: mirror.layout, catalog: context.catalog, kinds: context.kinds,
      records: plan.records,
      links: Dictionary(grouping: plan.signatureLinks, by: \.signature).mapValues { $0.map(\.link.path) },
      forced: Set(plan.hashes.lazy.filter { $0.reason == .forced }.map(\.path)), now: context.now, each: each)
    work.note(corrupt: plan.corrupt)
    for path in plan.damaged {
      work.note(.damaged(mirror.displayed(path), plan.records[path]?.fault ?? .cutOff))
    }
    for path in plan.unlisted { work.note(.unlisted(mirror.displayed(path))) }
    for known in plan.known where !context.cancellation.isCancelled { work.settle(known) }
    let requests = plan.hashes.map {
      DigestRequest(path: $0.path, size: $0.size, device: $0.device, algorithms: Set($0.algorithms))
    }
    context.hasher.hash(requests, as: "hashing", in: work.anchor) { index, result in
      work.take(result, of: requests[index].path)
    }
    work.flush()
    for folder in plan.folders where !context.cancellation.isCancelled { work.writeDigests(of: folder) }
    let signatures = SignatureWork(context, work)
    signatures.signTarballs(plan.signatures.filter(\.isOfTarball))
    for link in plan.links where !context.cancellation.isCancelled { work.change(link) }
    for (_, link) in plan.signatureLinks where !context.cancellation.isCancelled { work.restore(link) }
    // A signature is removed before the file that it signs.
    for isSignature in [true, false] {
      for removal in plan.removals where removal.isSignature == isSignature {
        if !context.cancellation.isCancelled { work.remove(removal) }
      }
    }
    // Links to files removed just now have become dead only by that.
    for link in plan.links where link.isRemoval && !context.cancellation.isCancelled { work.change(link) }
    for folder in plan.folders where !context.cancellation.isCancelled { work.writeManifests(of: folder) }
    signatures.signDigests(plan.signatures.filter { !$0.isOfTarball })
    work.forget(plan.forgotten, signatures: plan.forgottenSignatures)
    var report = work.report.settled
    report.skipped = plan.skipped
    return report
  }
}

extension DigestReport {
  /// Sorted, without removals of files that were made again.
  fileprivate var settled: DigestReport {
    var report = self
    let made = Set(actions.lazy.filter { [.signed, .linked].contains($0.kind) }.map(\.path))
    let remade = Set(actions.lazy.filter { $0.kind == .removed && made.contains($0.path) }.map(\.path))
    // A link made again is unchanged; a signature is new.
    report.actions.removeAll { $0.kind != .signed && remade.contains($0.path) }
    report.actions.sort { $0.path < $1.path }
    report.corrupt.sort()
    report.problems.sort { $0.subject < $1.subject }
    return report
  }
}

extension MirrorError {
  /// A tarball whose name contains characters that a line of digests cannot contain.
  fileprivate static func unlisted(_ subject: String) -> MirrorError {
    MirrorError(
      .invalid, subject, "has unprintable characters in its name: digest files do not list it",
      remedy: "rename it")
  }
}

import MirrorModel
import Hashing
import LinuxSystem

/// The steps of one ``MetalinkRun``, on any thread.
struct MetalinkWork: Sendable {
  let anchor: Shared<AnchoredDirectory>
  let publisher: Shared<IndexPublisher>
  let source: IndexSource
  let cancellation: Cancellation
  let hasher: PieceHasher

  /// State of a tarball's metalink.
  struct Outcome: Sendable {
    let path: MirrorPath
    let tarball: MirrorPath
    /// Whether it exists and is correct.
    var isPresent = false
    var isChanged = false
    /// Whether the tarball must be read for it.
    var isUnread = false
    var isCorrupt = false
    var problem: MirrorError?

    init(_ offer: MetalinkOffer) { (path, tarball) = (offer.path, offer.tarball.path) }
  }

  /// Rewrites a metalink if its content would change and its pieces are known from the existing one.
  func renew(_ offer: MetalinkOffer) -> Outcome {
    var outcome = Outcome(offer)
    guard !cancellation.isCancelled else { return outcome }
    guard let pieces = knownPieces(of: offer) else {
      outcome.isUnread = !source.settings.urls.isEmpty
      return outcome
    }
    outcome.isPresent = true
    // Without a URL nothing can be written, and an existing metalink is kept.
    if !source.settings.urls.isEmpty { write(offer, pieces, &outcome) }
    return outcome
  }

  /// Reads a tarball for a new metalink.
  func make(_ offer: MetalinkOffer) -> Outcome {
    var outcome = Outcome(offer)
    do throws(MirrorError) {
      guard let result = try hasher.hash(offer.tarball, in: anchor.value) else { return outcome }
      guard result.whole.identity.isSameFile(as: offer.tarball.status.identity) else {
        throw MirrorError(
          .changed, source.mirror.displayed(offer.tarball.path), "changed after it was digested",
          remedy: "\(run: .refresh) again")
      }
      guard result.whole.digests[.sha256].map(hex) == offer.sha256 else {
        outcome.isCorrupt = true
        return outcome
      }
      write(offer, result.pieces, &outcome)
    } catch { outcome.problem = error }
    return outcome
  }

  private func write(_ offer: MetalinkOffer, _ pieces: PieceDigests, _ outcome: inout Outcome) {
    do throws(MirrorError) {
      let metalink = Metalink(
        name: offer.name, size: offer.tarball.status.size,
        published: offer.tarball.status.identity.modified, sha256: offer.sha256, sha512: offer.sha512,
        pieces: pieces, signature: try signature(of: offer),
        urls: source.settings.urls.map { "\($0)/\(offer.tarball.path.urlPath)" })
      let file = IndexFile(path: offer.path, bytes: try metalink.bytes())
      outcome.isChanged = try publisher.value.publish(file)
      outcome.isPresent = true
    } catch { outcome.problem = error }
  }

  private func signature(of offer: MetalinkOffer) throws(MirrorError) -> String? {
    guard let path = offer.signature, let bytes = try anchor.value.contents(of: path, limit: 64 << 10),
      let text = String(validating: bytes, as: UTF8.self), XMLText.isValid(text),
      text.hasPrefix("-----BEGIN PGP SIGNATURE-----")
    else { return nil }
    return text
  }

  /// The pieces in an existing metalink, if it is about this content.
  private func knownPieces(of offer: MetalinkOffer) -> PieceDigests? {
    guard offer.hasMetalink,
      let bytes = try? anchor.value.contents(of: offer.path, limit: Metalink.sizeLimit),
      let known = Metalink(reading: bytes), known.name == offer.name,
      known.size == offer.tarball.status.size, known.sha256 == offer.sha256,
      known.pieces.length == PieceDigests.length(for: known.size), known.pieces.cover(known.size)
    else { return nil }
    return known.pieces
  }

  /// Removes metalinks of mirrorctl that are not `present`: their tarball was removed, replaced, or is not on
  /// offer.
  func removeStale(
    _ present: Set<MirrorPath>, _ changed: inout [MirrorPath], _ problems: inout [MirrorError]
  ) {
    for folder in source.mirror.folders {
      for sidecar in folder.sidecars where sidecar.kind == .metalink {
        let path = folder.path.appending(sidecar.name)
        guard !present.contains(path), IndexMark.isThere(path, anchor.value) else { continue }
        do throws(MirrorError) {
          try publisher.value.remove(path)
          changed.append(path)
        } catch { problems.append(error) }
      }
    }
  }
}

import MirrorModel
import LinuxSystem
import Synchronization
import SystemPackage

/// Signs files that have no valid signature after a run of `digestgen`.
///
/// A problem with the key or with gpg is reported once and ends the work; digests are complete by then.
struct SignatureWork: Sendable {
  let context: DigestContext
  let work: DigestWork
  private let fault = Shared(Mutex<MirrorError?>(nil))

  init(_ context: DigestContext, _ work: DigestWork) {
    self.context = context
    self.work = work
  }

  /// Signs tarballs whose digests are complete.
  func signTarballs(_ signatures: [DigestPlan.Signature]) {
    sign(work.wanting(signatures), records: work.records)
  }

  /// Signs digest files: the planned ones, and others written in this run.
  func signDigests(_ signatures: [DigestPlan.Signature]) {
    guard let settings = context.signing, settings.what.contains(.digests) else { return }
    let planned = Set(signatures.map(\.destination))
    let written = work.rewritten.flatMap { path in
      settings.formats.map {
        DigestPlan.Signature(path: path, format: $0, reason: .changed, size: 0, device: 0)
      }
    }
    sign(work.wanting(signatures + written.filter { !planned.contains($0.destination) }), records: nil)
  }

  /// - Parameter records: records of tarballs; nil for files without records.
  private func sign(_ wanting: [DigestPlan.Signature], records: [MirrorPath: CatalogRecord]?) {
    guard let settings = context.signing, !wanting.isEmpty, !context.cancellation.isCancelled,
      fault.value.withLock({ $0 }) == nil
    else { return }
    let made: Signer
    do throws(MirrorError) { made = try Signer(settings, cancellation: context.cancellation) } catch {
      return halt(error)
    }
    let (anchor, work, fault) = (work.anchor, work, fault)
    context.hasher.forEach(wanting, as: "signing", size: { ($0.size, $0.device) }) { wanted in
      guard fault.value.withLock({ $0 }) == nil else { return }
      do throws(MirrorError) {
        let file = try FileToSign(
          wanted.path, in: anchor.value,
          isKnown: { identity in
            guard let records else { return true }
            return records[wanted.path]?.vouches(for: identity) ?? false
          })
        guard let file = file else { return }
        let signature: [UInt8]
        do throws(MirrorError) {
          signature = try made.signature(
            of: file.pathForPrograms, anchor.value.displayed(wanted.path), bytes: file.bytes,
            as: wanted.format)
        } catch {
          // If the file changed, this is the reason, and the next file may still be signed.
          try file.check(in: anchor.value)
          return halt(error)
        }
        let path = try file.place(signature, wanted.format, in: anchor.value)
        work.note(.signed, path)
      } catch { work.note(error) }
    }
  }

  /// Reports a problem once, and stops signing.
  private func halt(_ error: MirrorError) {
    let isFirst = fault.value.withLock { fault in
      defer { fault = fault ?? error }
      return fault == nil
    }
    // An interruption is reported elsewhere.
    if isFirst, error.code != .interrupted { work.note(error) }
  }
}

/// An open file to be signed.
private struct FileToSign: ~Copyable {
  private let path: MirrorPath
  private let file: Descriptor
  private let status: FileStatus

  var bytes: Int64 { status.size }
  var pathForPrograms: String { file.pathForPrograms }

  /// nil for a file whose known digests are not those of the present content.
  ///
  /// - Parameter isKnown: returns whether the known digests are those of a file with this identity.
  init?(
    _ path: MirrorPath, in anchor: borrowing AnchoredDirectory, isKnown: (FileIdentity) -> Bool
  ) throws(MirrorError) {
    let file = try anchor.file(path)
    let status = try attempt("examine", anchor.displayed(path)) { () throws(Errno) in try file.status() }
    guard status.kind == .regular, isKnown(status.identity) else { return nil }
    self.path = path
    self.file = file
    self.status = status
  }

  /// Writes a signature beside the file, if the path still names the signed file.
  consuming func place(
    _ signature: [UInt8], _ format: SignatureFormat, in anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> MirrorPath {
    let directory = try check(in: anchor)
    let name = format.signature(of: path.name)
    try DurableFile.write(signature, to: name, in: directory, Ownership(of: status))
    return path.parent.appending(name)
  }

  /// Opens its directory, if the path still names the file.
  @discardableResult
  func check(in anchor: borrowing AnchoredDirectory) throws(MirrorError) -> AnchoredDirectory {
    let directory = try anchor.directory(path.parent)
    let after = try attempt("examine", anchor.displayed(path)) { () throws(Errno) in
      try file.status().identity
    }
    guard after == status.identity, try directory.status(of: path.name)?.identity == after else {
      throw MirrorError(
        .changed, anchor.displayed(path), "changed during signing",
        remedy: "run again when nothing writes to it")
    }
    return directory
  }
}

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
  private let checked: CheckedSignatures?
  private let fault = Shared(Mutex<MirrorError?>(nil))

  init(_ context: DigestContext, _ work: DigestWork) {
    self.context = context
    self.work = work
    checked = context.signing.map { CheckedSignatures(context.catalog, $0) }
  }

  /// Signs tarballs whose digests are complete.
  func signTarballs(_ signatures: [DigestPlan.Signature]) { sign(signatures, records: work.records) }

  /// Signs documents, and digest files: the planned ones, and others written in this run.
  func signDigests(_ signatures: [DigestPlan.Signature]) {
    guard let settings = context.signing else { return }
    let planned = Set(signatures.map(\.destination))
    let rewritten = settings.what.contains(.digests) ? work.rewritten : []
    let written = rewritten.flatMap { path in
      SignatureFiles.formats(of: path.name, settings, work.layout).map {
        DigestPlan.Signature(path: path, isOfTarball: false, format: $0, reason: .changed, size: 0, device: 0)
      }
    }
    sign(signatures + written.filter { !planned.contains($0.destination) }, records: nil)
  }

  /// - Parameter records: records of tarballs; nil for files without records.
  private func sign(_ signatures: [DigestPlan.Signature], records: [MirrorPath: CatalogRecord]?) {
    guard let settings = context.signing else { return }
    let (wanting, doubtful) = work.sorted(signatures)
    make(wanting + unfit(doubtful, settings, records), settings, records)
    checked?.flush()
    work.flush()
  }

  /// Checks signatures that were not made here; returns those that must be made again.
  private func unfit(
    _ doubtful: [DigestPlan.Signature], _ settings: SigningSettings, _ records: [MirrorPath: CatalogRecord]?
  ) -> [DigestPlan.Signature] {
    guard !doubtful.isEmpty, isGoingOn else { return [] }
    let checker: SignatureChecker
    do throws(MirrorError) {
      checker = try SignatureChecker(settings, cancellation: context.cancellation)
    } catch {
      halt(error)
      return []
    }
    let found = Shared(Mutex<[DigestPlan.Signature]>([]))
    each(doubtful, as: "checking signatures", records) { signature, file throws(MirrorError) in
      let directory = try file.check(in: work.anchor.value)
      let name = signature.destination.name
      let status = try directory.status(of: name)
      // What is too large or cannot be read is not a signature.
      let bytes = try? directory.contents(of: MirrorPath(bytes: name.bytes), limit: SignatureFiles.limit)
      var verdict = SignatureVerdict.unreadable
      if let bytes {
        verdict =
          signature.format == .clear
          ? try checker.verdict(onClearText: bytes)
          : try checker.verdict(on: bytes, of: file.pathForPrograms, bytes: file.bytes)
      }
      try file.check(in: work.anchor.value)
      if let status, !verdict.isUnfit {
        checked?.note(signature.destination, status.identity, of: file.identity)
      } else if verdict == .bad, let record = records?[signature.path], !record.wasRead {
        work.note(Self.contradiction(directory.displayed(signature.path.name), name))
      } else {
        Log.step("\(directory.displayed(name)) \(verdict): signing again")
        found.value.withLock { $0.append(signature) }
      }
    }
    return found.value.withLock { $0 }
  }

  /// The error for a tarball whose content contradicts a signature by the key, and was never compared with its
  /// digests here: it may be corrupt.
  private static func contradiction(_ tarball: String, _ signature: FileName) -> MirrorError {
    MirrorError(
      .invalid, tarball, "does not match \(signature), and was not read since its digests were adopted",
      remedy: "\(run: .verify); if its digests match, the next run signs it again")
  }

  private func make(
    _ wanting: [DigestPlan.Signature], _ settings: SigningSettings, _ records: [MirrorPath: CatalogRecord]?
  ) {
    guard !wanting.isEmpty, isGoingOn else { return }
    let signer: Signer
    do throws(MirrorError) { signer = try Signer(settings, cancellation: context.cancellation) } catch {
      return halt(error)
    }
    each(wanting, as: "signing", records) { wanted, file throws(MirrorError) in
      let anchor = work.anchor
      let name = anchor.value.displayed(wanted.path)
      let signature: [UInt8]
      if wanted.format == .clear {
        signature = try signer.clearSigned(ClearText.body(of: try file.text(name)), name)
      } else {
        signature = try signer.signature(
          of: file.pathForPrograms, name, bytes: file.bytes, as: wanted.format)
      }
      do throws(MirrorError) {
        let placed = try file.place(signature, wanted.format, in: anchor.value)
        work.note(.signed, wanted.destination)
        guard wanted.format == .clear else {
          checked?.note(wanted.destination, placed, of: file.identity)
          return
        }
        checked?.note(wanted.destination, placed, of: placed)
        work.noteSealed(wanted.path, placed)
      } catch { work.note(error) }
    }
  }

  /// Opens each file on any thread, unless its digests are not known; a problem with gpg ends the work.
  private func each(
    _ signatures: [DigestPlan.Signature], as title: String, _ records: [MirrorPath: CatalogRecord]?,
    _ body: @escaping @Sendable (DigestPlan.Signature, borrowing FileToSign) throws(MirrorError) -> Void
  ) {
    let (anchor, work) = (work.anchor, work)
    context.hasher.forEach(signatures, as: title, size: { ($0.size, $0.device) }) { signature in
      guard isGoingOn else { return }
      do throws(MirrorError) {
        let file = try FileToSign(
          signature.path, in: anchor.value,
          isKnown: { identity in
            guard let records else { return true }
            return records[signature.path]?.vouches(for: identity) ?? false
          })
        guard let file = file else { return }
        do throws(MirrorError) { try body(signature, file) } catch {
          // If the file changed, this is the reason, and the next file may still be signed.
          try file.check(in: anchor.value)
          halt(error)
        }
      } catch { work.note(error) }
    }
  }

  private var isGoingOn: Bool {
    !context.cancellation.isCancelled && fault.value.withLock { $0 == nil }
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
  var identity: FileIdentity { status.identity }
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

  /// Its content, which must be small.
  func text(_ name: String) throws(MirrorError) -> [UInt8] {
    guard bytes <= SignatureFiles.limit else {
      throw MirrorError(
        .invalid, name, "is larger than \(SignatureFiles.limit) bytes", remedy: "remove it")
    }
    return try attempt("read", name) { () throws(Errno) in try file.bytes(upTo: SignatureFiles.limit) }
  }

  /// Writes a signature beside the file, or a signed text in its place, if the path still names the signed file; returns its identity.
  func place(
    _ signature: [UInt8], _ format: SignatureFormat, in anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> FileIdentity {
    let directory = try check(in: anchor)
    let name = format.signature(of: path.name)
    return try DurableFile.write(signature, to: name, in: directory, Ownership(of: status)).identity
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

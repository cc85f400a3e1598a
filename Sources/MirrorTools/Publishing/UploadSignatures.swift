import LinuxSystem
import SystemPackage

/// The signatures of an upload: only those made by the key of its server are accepted.
struct UploadSignatures {
  private let server: String
  private let place: MirrorPath
  private let cancellation: Cancellation
  private let settings: SigningSettings?
  private var checker: SignatureChecker?
  /// Whether the missing key was already reported.
  private var isTold = false

  /// - Parameter settings: the key of the server; nil if there is none.
  init(server: String, place: MirrorPath, _ settings: SigningSettings?, _ cancellation: Cancellation) {
    self.server = server
    self.place = place
    self.settings = settings
    self.cancellation = cancellation
  }

  /// Refuses signatures that are bad or cannot be checked.
  ///
  /// - Throws: `changed` if a file is not the hashed one any more, or `interrupted`.
  mutating func judge(
    _ files: [ReceivedUpload.File], _ anchor: borrowing AnchoredDirectory,
    _ refusals: inout UploadRefusals
  ) throws(MirrorError) {
    let byPath = Dictionary(files.map { ($0.path, $0) }) { first, _ in first }
    for file in files where !file.isInPlace {
      let signed: MirrorPath
      switch file.kind {
      case .signature(let name): signed = file.path.parent.appending(name)
      case .digests where try isClearSigned(file, anchor): signed = file.path
      default: continue
      }
      try cancellation.check()
      let problem: String?
      do throws(MirrorError) {
        guard let checker = try usableChecker() else {
          refuseAll(anchor, &refusals)
          refusals.drop(file.path)
          continue
        }
        problem = try self.problem(with: file, of: signed, byPath[signed], checker, anchor)
      } catch {
        if error.code == .interrupted || error.code == .changed { throw error }
        if !isTold { refusals.report(error) }
        isTold = true
        refusals.drop(file.path)
        continue
      }
      guard let problem else { continue }
      refusals.drop(
        file.path,
        MirrorError(
          .invalid, anchor.displayed(file.path), "\(problem): not received from \(server)",
          remedy: "sign there with \(settings.map { "\($0.key)" } ?? "the key"), or exclude *.gpg and *.asc"))
    }
  }

  private mutating func usableChecker() throws(MirrorError) -> SignatureChecker? {
    guard let settings else { return nil }
    if checker == nil { checker = try SignatureChecker(settings, cancellation: cancellation) }
    return checker
  }

  /// Reports once that signatures cannot be checked.
  private mutating func refuseAll(
    _ anchor: borrowing AnchoredDirectory, _ refusals: inout UploadRefusals
  ) {
    if !isTold {
      refusals.report(
        MirrorError(
          .invalid, anchor.displayed(place),
          "signatures from \(server) are not received: no key is configured to check them",
          remedy: "set key in [section receive/\(server)], or exclude *.gpg and *.asc there"))
    }
    isTold = true
  }

  /// Whether a file of digests contains a signature.
  private func isClearSigned(
    _ file: ReceivedUpload.File, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> Bool {
    ClearText(try anchor.smallFile(place.joined(file.path), limit: SignatureFiles.limit).bytes) != nil
  }

  /// The problem of a signature; nil if it is good.
  private func problem(
    with signature: ReceivedUpload.File, of signed: MirrorPath, _ upload: ReceivedUpload.File?,
    _ checker: SignatureChecker, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> String? {
    let source = upload.map { $0.isInPlace ? signed : place.joined(signed) } ?? signed
    guard let found = try anchor.status(at: source), found.kind == .regular else {
      return "signs a file that does not exist here"
    }
    let (bytes, identity) = try anchor.smallFile(
      place.joined(signature.path), limit: SignatureFiles.limit)
    let name = anchor.displayed(source)
    if signed == signature.path {
      guard identity == signature.identity else {
        throw MirrorError(.changed, name, "changed during receiving", remedy: "publish there again")
      }
      let verdict = try checker.verdict(onClearText: bytes)
      return verdict == .valid ? nil : "\(verdict)"
    }
    let file = try anchor.file(source)
    let status = try attempt("examine", name) { () throws(Errno) in try file.status() }
    guard identity == signature.identity, upload.map({ $0.identity == status.identity }) ?? true else {
      throw MirrorError(.changed, name, "changed during receiving", remedy: "publish there again")
    }
    let verdict = try checker.verdict(on: bytes, of: file.pathForPrograms, bytes: status.size)
    // A server may sign with the previous key until it is configured anew; the signature is then replaced.
    if case .previousKey = verdict { return nil }
    return verdict == .valid ? nil : "\(verdict)"
  }
}

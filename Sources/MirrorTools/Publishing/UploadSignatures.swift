import LinuxSystem
import SystemPackage

/// The signatures of an upload: only those of the key that is pinned for its server are kept.
struct UploadSignatures {
  private let server: String
  private let place: MirrorPath
  private let cancellation: Cancellation
  private let settings: SigningSettings?
  private var checker: SignatureChecker?
  /// Whether it is said already that none can be checked.
  private var isTold = false

  /// - Parameter settings: the key that is pinned; nil where none is.
  init(server: String, place: MirrorPath, _ settings: SigningSettings?, _ cancellation: Cancellation) {
    self.server = server
    self.place = place
    self.settings = settings
    self.cancellation = cancellation
  }

  /// Refuses those that are not good, or cannot be checked.
  ///
  /// - Throws: `changed` when a file is not what was hashed, `interrupted`.
  mutating func judge(
    _ files: [ReceivedUpload.File], _ anchor: borrowing AnchoredDirectory,
    _ refusals: inout UploadRefusals
  ) throws(MirrorError) {
    let byPath = Dictionary(files.map { ($0.path, $0) }) { first, _ in first }
    for file in files where !file.isInPlace {
      guard case .signature(let name) = file.kind else { continue }
      try cancellation.check()
      let signed = file.path.parent.appending(name)
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
          remedy: "sign there by \(settings.map { "\($0.key)" } ?? "the key"), or exclude *.gpg and *.asc"))
    }
  }

  private mutating func usableChecker() throws(MirrorError) -> SignatureChecker? {
    guard let settings else { return nil }
    if checker == nil { checker = try SignatureChecker(settings, cancellation: cancellation) }
    return checker
  }

  /// Says once that nobody can check them.
  private mutating func refuseAll(
    _ anchor: borrowing AnchoredDirectory, _ refusals: inout UploadRefusals
  ) {
    if !isTold {
      refusals.report(
        MirrorError(
          .invalid, anchor.displayed(place),
          "signatures of \(server) are not received: no key to check them by is configured",
          remedy: "name it as key in [section receive/\(server)], or exclude *.gpg and *.asc there"))
    }
    isTold = true
  }

  /// What is wrong with a signature; nil if it is good.
  private func problem(
    with signature: ReceivedUpload.File, of signed: MirrorPath, _ upload: ReceivedUpload.File?,
    _ checker: SignatureChecker, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> String? {
    let source = upload.map { $0.isInPlace ? signed : place.joined(signed) } ?? signed
    guard let found = try anchor.status(at: source), found.kind == .regular else {
      return "signs a file that is not here"
    }
    let (bytes, identity) = try anchor.smallFile(
      place.joined(signature.path), limit: SignatureFiles.limit)
    let name = anchor.displayed(source)
    let file = try anchor.file(source)
    let status = try attempt("look at", name) { () throws(Errno) in try file.status() }
    guard identity == signature.identity, upload.map({ $0.identity == status.identity }) ?? true else {
      throw MirrorError(.changed, name, "changed while it was received", remedy: "publish there again")
    }
    let verdict = try checker.verdict(on: bytes, of: file.pathForPrograms, bytes: status.size)
    return verdict == .valid ? nil : "\(verdict)"
  }
}

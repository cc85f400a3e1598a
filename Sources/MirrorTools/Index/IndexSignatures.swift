/// Keeps the signatures of index files true, with one look at the key a run.
public final class IndexSignatures {
  private let settings: SigningSettings?
  private let cancellation: Cancellation
  private var signer: Signer?
  private var checker: SignatureChecker?
  /// What keeps the index from being signed.
  public private(set) var fault: MirrorError?

  /// - Parameter settings: what is signed, and how; nil for nothing.
  public init(_ settings: SigningSettings?, cancellation: Cancellation) {
    self.settings = settings.flatMap { $0.what.contains(.index) ? $0 : nil }
    self.cancellation = cancellation
  }

  /// Whether a file that lies there has no signature, one that is older than itself, or another key's.
  func areWanting(of file: IndexFile, in directory: borrowing AnchoredDirectory) throws(MirrorError) -> Bool {
    guard let settings, let status = try directory.status(of: file.path.name) else { return false }
    for format in settings.formats {
      let name = format.signature(of: file.path.name)
      if try SignatureFiles.isWanting(format, of: file.path.name, status.identity, in: directory) {
        return true
      }
      let path = MirrorPath(bytes: name.bytes)
      guard let signature = try directory.contents(of: path, limit: SignatureFiles.limit) else { return true }
      if isOtherKeys(signature, of: file, settings) { return true }
    }
    return false
  }

  private func isOtherKeys(_ signature: [UInt8], of file: IndexFile, _ settings: SigningSettings) -> Bool {
    guard fault == nil else { return false }
    do throws(MirrorError) {
      if checker == nil { checker = try SignatureChecker(settings, cancellation: cancellation) }
      guard case .otherKey = try checker?.verdict(on: signature, of: file.bytes) else { return false }
      return true
    } catch {
      fault = error
      return false
    }
  }

  /// The signatures of a file as it is to be; none where that cannot be, and ``fault`` says why.
  func make(of file: IndexFile) -> [IndexFile] {
    guard let settings, fault == nil else { return [] }
    do throws(MirrorError) {
      if signer == nil { signer = try Signer(settings, cancellation: cancellation) }
      guard let signer else { return [] }
      return try signer.companions(of: file)
    } catch {
      fault = error
      return []
    }
  }
}

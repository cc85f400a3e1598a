/// Keeps the signatures of index files true, with one look at the key a run.
public final class IndexSignatures {
  private let settings: SigningSettings?
  private let cancellation: Cancellation
  private var signer: Signer?
  /// What keeps the index from being signed.
  public private(set) var fault: MirrorError?

  /// - Parameter settings: what is signed, and how; nil for nothing.
  public init(_ settings: SigningSettings?, cancellation: Cancellation) {
    self.settings = settings.flatMap { $0.what.contains(.index) ? $0 : nil }
    self.cancellation = cancellation
  }

  /// Whether a file that lies there has no signature, or one that is older than itself.
  func areWanting(of file: IndexFile, in directory: borrowing AnchoredDirectory) throws(MirrorError) -> Bool {
    guard let settings, let status = try directory.status(of: file.path.name) else { return false }
    for format in settings.formats
    where try SignatureFiles.isWanting(format, of: file.path.name, status.identity, in: directory) {
      return true
    }
    return false
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

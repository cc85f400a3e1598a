import MirrorModel
public import LinuxSystem

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

  /// Whether a file that lies there lacks a signature, or has one that is older than itself, of something else or
  /// another key's.
  func areWanting(of file: IndexFile, in directory: borrowing AnchoredDirectory) throws(MirrorError) -> Bool {
    guard let settings, let status = try directory.status(of: file.path.name) else { return false }
    for format in settings.formats {
      if try SignatureFiles.isWanting(format, of: file.path.name, status.identity, in: directory) {
        return true
      }
      let path = MirrorPath(bytes: format.signature(of: file.path.name).bytes)
      // What cannot be read is none.
      guard let signature = try? directory.contents(of: path, limit: SignatureFiles.limit),
        !isUnfit(signature, of: file, settings)
      else { return true }
    }
    return false
  }

  /// Whether a new signature would be better.
  private func isUnfit(_ signature: [UInt8], of file: IndexFile, _ settings: SigningSettings) -> Bool {
    guard fault == nil else { return false }
    do throws(MirrorError) {
      if checker == nil { checker = try SignatureChecker(settings, cancellation: cancellation) }
      switch try checker?.verdict(on: signature, of: file.bytes) {
      case .subkeyExpired: return checker?.key.state == .usable
      case .bad, .otherKey, .expired, .unreadable: return true
      // No new one would be better as long as the key is this one.
      case .valid, .keyExpired, .keyRevoked, nil: return false
      }
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

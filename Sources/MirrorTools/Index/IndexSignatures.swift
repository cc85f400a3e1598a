import MirrorModel
public import LinuxSystem

/// Keeps the signatures of index files up to date; looks up the key once per run.
public final class IndexSignatures {
  private let settings: SigningSettings?
  private let cancellation: Cancellation
  private var signer: Signer?
  private var checker: SignatureChecker?
  /// Why the index cannot be signed.
  public private(set) var fault: MirrorError?

  /// - Parameter settings: what to sign, and how; nil for nothing.
  public init(_ settings: SigningSettings?, cancellation: Cancellation) {
    self.settings = settings.flatMap { $0.what.contains(.index) ? $0 : nil }
    self.cancellation = cancellation
  }

  /// Whether an existing file lacks a signature, or has one that is older, of other content, or by another
  /// key.
  func areWanting(of file: IndexFile, in directory: borrowing AnchoredDirectory) throws(MirrorError) -> Bool {
    guard let settings, let status = try directory.status(of: file.path.name) else { return false }
    for format in SignatureFormat.allCases {
      let name = format.signature(of: file.path.name)
      // One in another format is only kept as long as it is valid.
      if !settings.formats.contains(format), try directory.status(of: name) == nil { continue }
      if try SignatureFiles.isWanting(format, of: file.path.name, status.identity, in: directory) {
        return true
      }
      // An unreadable signature counts as missing.
      let path = MirrorPath(bytes: name.bytes)
      guard let signature = try? directory.contents(of: path, limit: SignatureFiles.limit),
        !isUnfit(signature, of: file, settings)
      else { return true }
    }
    return false
  }

  /// Whether a signature should be replaced.
  ///
  /// - Parameter file: the signed file; nil if the signature contains the text.
  private func isUnfit(_ signature: [UInt8], of file: IndexFile?, _ settings: SigningSettings) -> Bool {
    guard fault == nil else { return false }
    do throws(MirrorError) {
      if checker == nil { checker = try SignatureChecker(settings, cancellation: cancellation) }
      let verdict =
        if let file { try checker?.verdict(on: signature, of: file.bytes) } else {
          try checker?.verdict(onClearText: signature)
        }
      if verdict == .subkeyExpired { return checker?.key.state == .usable }
      return verdict?.isUnfit ?? false
    } catch {
      fault = error
      return false
    }
  }

  /// The text to write for a file that contains its own signature; nil if the existing text is good.
  func clearSigned(_ file: IndexFile, existing: [UInt8]?) throws(MirrorError) -> [UInt8]? {
    guard let settings else { return existing == file.bytes ? nil : file.bytes }
    if let existing, let signed = ClearText(existing), signed.body == file.bytes,
      !isUnfit(existing, of: nil, settings)
    {
      return nil
    }
    if fault == nil {
      do throws(MirrorError) {
        if signer == nil { signer = try Signer(settings, cancellation: cancellation) }
        return try signer?.clearSigned(file.bytes, "\(file.path)") ?? file.bytes
      } catch { fault = error }
    }
    return existing == file.bytes ? nil : file.bytes
  }

  /// Makes the signatures of a file; none if that fails, with the reason in ``fault``.
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

import MirrorModel
public import LinuxSystem
import SystemPackage

/// Makes signatures with one key, and checks each before it is used.
public struct Signer: Sendable {
  let settings: SigningSettings
  private let checker: SignatureChecker

  /// Checks that the key can sign.
  ///
  /// - Throws: if gpg, gpgv or the key is missing, or the key must not be used.
  public init(_ settings: SigningSettings, cancellation: Cancellation? = nil) throws(MirrorError) {
    self.settings = settings
    checker = try SignatureChecker(settings, cancellation: cancellation)
    if let objection = checker.key.objection { throw objection }
    try settings.checkPassphraseFile()
  }

  /// Signs a file with this number of bytes, which gpg opens by `path` and messages call `name`.
  ///
  /// - Parameter others: further keys that sign it in the same file.
  /// - Throws: if gpg does not sign, or its output is not a signature of this file by the key.
  func signature(
    of path: String, _ name: String, bytes: Int64, as format: SignatureFormat, with others: [Fingerprint] = []
  ) throws(MirrorError) -> [UInt8] {
    var arguments = options
    for other in others { arguments += ["--local-user", "\(other)"] }
    if format == .asc { arguments.append("--armor") }
    let answer = try checker.gnupg.gpg(
      arguments + ["--output", "-", "--detach-sign", path], limit: GnuPG.patience(reading: bytes))
    guard answer.status == 0, answer.hasCreated, !answer.output.isEmpty else {
      throw SigningFault.of(answer, settings)
    }
    let verdict = try checker.verdict(on: answer.output, of: path, bytes: bytes)
    guard verdict == .valid else {
      throw MirrorError(
        .library, name, "the new signature by gpg \(verdict)",
        remedy: "it was discarded; test gpg and gpgv by hand")
    }
    return answer.output
  }

  /// The arguments of gpg for any signature.
  private var options: [String] {
    // Nobody is there to answer a prompt.
    ["--digest-algo", "SHA512", "--local-user", checker.key.signer]
      + (settings.passphraseFile.map { ["--pinentry-mode", "loopback", "--passphrase-file", $0.string] }
        ?? ["--pinentry-mode", "error"])
  }

  /// A text together with its signature, clear-signed; messages call it `name`.
  ///
  /// - Throws: if gpg does not sign, or its output is not this text with a signature by the key.
  func clearSigned(_ text: [UInt8], _ name: String) throws(MirrorError) -> [UInt8] {
    let memory = try MemoryFile(text, for: "gpg")
    let answer = try checker.gnupg.gpg(options + ["--output", "-", "--clear-sign", memory.path])
    guard answer.status == 0, answer.hasCreated, !answer.output.isEmpty else {
      throw SigningFault.of(answer, settings)
    }
    let verdict = try checker.verdict(onClearText: answer.output)
    guard verdict == .valid, ClearText(answer.output)?.body == text else {
      throw MirrorError(
        .library, name, "the new signature by gpg \(verdict)",
        remedy: "it was discarded; test gpg and gpgv by hand")
    }
    return answer.output
  }
}

extension GnuPG.Answer {
  fileprivate var hasCreated: Bool {
    statuses.contains { status in
      if case .created = status { return true }
      return false
    }
  }
}

import MirrorModel
public import LinuxSystem
import SystemPackage

/// Makes detached signatures with one key; each is checked before anybody sees it.
public struct Signer: Sendable {
  let settings: SigningSettings
  private let checker: SignatureChecker

  /// Looks whether the key can sign.
  ///
  /// - Throws: when gpg, gpgv or the key is not there, or the key is not to be used.
  public init(_ settings: SigningSettings, cancellation: Cancellation? = nil) throws(MirrorError) {
    self.settings = settings
    checker = try SignatureChecker(settings, cancellation: cancellation)
    if let objection = checker.key.objection { throw objection }
    try settings.checkPassphraseFile()
  }

  /// Signs a file of so many bytes that gpg opens by `path`, which is shown as `name`.
  ///
  /// - Throws: when gpg does not sign, or what it made is no signature of this file by the key.
  func signature(
    of path: String, _ name: String, bytes: Int64, as format: SignatureFormat
  ) throws(MirrorError) -> [UInt8] {
    var arguments = ["--digest-algo", "SHA512", "--local-user", checker.key.signer]
    // Nobody is there to be asked.
    arguments +=
      settings.passphraseFile.map { ["--pinentry-mode", "loopback", "--passphrase-file", $0.string] }
      ?? ["--pinentry-mode", "error"]
    if format == .asc { arguments.append("--armor") }
    let answer = try checker.gnupg.gpg(
      arguments + ["--output", "-", "--detach-sign", path], limit: GnuPG.patience(reading: bytes))
    guard answer.status == 0, answer.hasCreated, !answer.output.isEmpty else {
      throw SigningFault.of(answer, settings)
    }
    let verdict = try checker.verdict(on: answer.output, of: path, bytes: bytes)
    guard verdict == .valid else {
      throw MirrorError(
        .library, name, "the signature that gpg has just made \(verdict)",
        remedy: "it was thrown away: sign something with gpg by hand and check it with gpgv")
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

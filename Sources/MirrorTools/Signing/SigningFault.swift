import LinuxSystem
import SystemPackage

/// Says why gpg did not sign, and what to do about it.
enum SigningFault {
  /// Numbers of libgpg-error.
  private enum Code {
    static let badPassphrase = 11
    static let noSecretKey = 17
    static let unusableSecretKey = 54
    /// Timeout, no pinentry or one that fails, cancelled, no passphrase.
    static let locked: Set<Int> = [62, 85, 86, 99, 177, 198]
    static let noAgent: Set<Int> = [77, 78]
    /// Bad PIN, wrong card, card error, reset, removed, invalid, not present, no daemon, its error, not initialized, PIN
    /// blocked, no PIN.
    static let card: Set<Int> = [87, 91, 108, 109, 110, 111, 112, 119, 120, 123, 130, 178]
  }

  static func of(_ answer: GnuPG.Answer, _ settings: SigningSettings) -> MirrorError {
    let key = "\(settings.key)"
    var (codes, isLocked, isCard, isInvalid) = (Set<Int>(), false, false, false)
    for status in answer.statuses {
      switch status {
      case .failure(let code): codes.insert(code)
      case .missingPassphrase, .pinentryLaunched: isLocked = true
      case .badPassphrase: codes.insert(Code.badPassphrase)
      case .noSecretKey: codes.insert(Code.noSecretKey)
      case .card: isCard = true
      case .invalidSigner, .keyExpired, .keyRevoked: isInvalid = true
      default: break
      }
    }
    func error(_ subject: String, _ problem: String, _ remedy: String) -> MirrorError {
      MirrorError(.library, subject, problem, remedy: remedy)
    }
    if answer.isLate {
      return error(
        "signing/key", "gpg did not answer in time",
        "see what its agent waits for, or end it with gpgconf --kill gpg-agent")
    }
    if isCard || !codes.isDisjoint(with: Code.card) {
      return error(
        "signing/key", "the smartcard of \(key) does not sign: \(answer.complaint)",
        "insert it, and unlock it by signing something with gpg by hand")
    }
    if codes.contains(Code.badPassphrase) {
      return error(
        settings.passphraseFile == nil ? "signing/key" : "signing/passphrase-file",
        "the passphrase of \(key) is another one", "mend signing/passphrase-file")
    }
    if isLocked || !codes.isDisjoint(with: Code.locked) {
      return error(
        "signing/key", "\(key) is locked by a passphrase, and nobody is there to be asked",
        "give it to the agent with gpg-preset-passphrase, or name a file as signing/passphrase-file")
    }
    if codes.contains(Code.noSecretKey) {
      return error(
        "signing/key", "\(settings.displayedHome) has no secret key of \(key)",
        "import it there, insert its smartcard, or mend signing/homedir")
    }
    if !codes.isDisjoint(with: Code.noAgent) {
      return error(
        "signing/homedir", "gpg does not reach its agent: \(answer.complaint)",
        "see whether gpg-agent runs for this user, and whether the directory's path is short enough")
    }
    if isInvalid || codes.contains(Code.unusableSecretKey) {
      return error(
        "signing/key", "\(key) cannot sign: \(answer.complaint)",
        "look at it with gpg --list-secret-keys: it, or its subkey, may have expired or serve something else")
    }
    if answer.status == 0 {
      return error(
        "gpg", "ended well and told of no signature", "see whether the gpg that PATH finds is GnuPG's")
    }
    return error(
      "gpg",
      answer.status > 128
        ? "was ended by signal \(answer.status - 128)" : "does not sign with \(key): \(answer.complaint)",
      "sign something with gpg by hand")
  }
}

extension SigningSettings {
  /// Refuses a passphrase that is not there, or that others can read.
  func checkPassphraseFile() throws(MirrorError) {
    guard let passphraseFile else { return }
    let name = "signing/passphrase-file"
    let found: FileStatus
    do throws(Errno) { found = try passphraseFile.status() } catch {
      throw MirrorError(
        .system(error), name, "cannot look at \(escaped(passphraseFile.bytes)): \(error)",
        remedy: "check the path")
    }
    guard found.kind == .regular, found.size > 0 else {
      throw MirrorError(
        .invalid, name, "\(escaped(passphraseFile.bytes)) is no file with a passphrase",
        remedy: "write the passphrase into it, as its first line")
    }
    guard found.mode & 0o077 == 0 else {
      throw MirrorError(
        .invalid, name, "others may read \(escaped(passphraseFile.bytes))", remedy: "chmod 600 it")
    }
  }
}

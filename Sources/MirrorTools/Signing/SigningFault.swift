package import LinuxSystem
import SystemPackage

/// Explains why gpg did not sign, and suggests a remedy.
enum SigningFault {
  /// Error numbers of libgpg-error.
  private enum Code {
    static let badPassphrase = 11
    static let noSecretKey = 17
    static let unusableSecretKey = 54
    /// Timeout, no pinentry or a failing one, cancelled, no passphrase.
    static let locked: Set<Int> = [62, 85, 86, 99, 177, 198]
    static let noAgent: Set<Int> = [77, 78]
    /// Bad PIN, wrong card, card error, reset, removed, invalid, not present, no daemon, daemon error, not
    /// initialized, PIN blocked, no PIN.
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
        "check what its agent waits for, or stop it with gpgconf --kill gpg-agent")
    }
    if isCard || !codes.isDisjoint(with: Code.card) {
      return error(
        "signing/key", "the smartcard of \(key) does not sign: \(answer.complaint)",
        "insert it, and unlock it by signing a file with gpg by hand")
    }
    if codes.contains(Code.badPassphrase) {
      return error(
        settings.passphraseFile == nil ? "signing/key" : "signing/passphrase-file",
        "wrong passphrase for \(key)", "correct signing/passphrase-file")
    }
    if isLocked || !codes.isDisjoint(with: Code.locked) {
      return error(
        "signing/key", "\(key) is locked by a passphrase, and gpg cannot prompt for it",
        "give it to the agent with gpg-preset-passphrase, or set signing/passphrase-file")
    }
    if codes.contains(Code.noSecretKey) {
      return error(
        "signing/key", "\(settings.displayedHome) has no secret key for \(key)",
        "import it there, insert its smartcard, or correct signing/homedir")
    }
    if !codes.isDisjoint(with: Code.noAgent) {
      return error(
        "signing/homedir", "gpg cannot connect to its agent: \(answer.complaint)",
        "check that gpg-agent runs for this user, and that the path of the directory is not too long")
    }
    if isInvalid || codes.contains(Code.unusableSecretKey) {
      return error(
        "signing/key", "\(key) cannot sign: \(answer.complaint)",
        "check with gpg --list-secret-keys whether it has expired or has another purpose")
    }
    if answer.status == 0 {
      return error(
        "gpg", "succeeded without making a signature", "check that the gpg in PATH is GnuPG")
    }
    return error(
      "gpg",
      answer.status > 128
        ? "was killed by signal \(answer.status - 128)" : "cannot sign with \(key): \(answer.complaint)",
      "try to sign a file with gpg by hand")
  }
}

extension SigningSettings {
  /// Refuses a passphrase file that does not exist, or that others can read.
  func checkPassphraseFile() throws(MirrorError) {
    guard let passphraseFile else { return }
    let name = "signing/passphrase-file"
    let found: FileStatus
    do throws(Errno) { found = try passphraseFile.status() } catch {
      throw MirrorError(
        .system(error), name, "cannot read \(escaped(passphraseFile.bytes)): \(error)",
        remedy: "check the path")
    }
    guard found.kind == .regular, found.size > 0 else {
      throw MirrorError(
        .invalid, name, "\(escaped(passphraseFile.bytes)) is not a file with a passphrase",
        remedy: "write the passphrase to its first line")
    }
    guard found.mode & 0o077 == 0 else {
      throw MirrorError(
        .invalid, name, "\(escaped(passphraseFile.bytes)) is readable by others", remedy: "chmod 600 it")
    }
  }
  /// A warning if users other than its owner have access to gpg's home directory, which contains the secret key.
  package var exposedHome: MirrorError? {
    guard let home = homeDirectory ?? Self.defaultHome, let found = try? home.status(),
      found.kind == .directory, found.mode & 0o077 != 0, home.appending("private-keys-v1.d").exists
    else { return nil }
    return MirrorError(
      .invalid, "signing/homedir",
      "\(escaped(home.bytes)) is accessible to other users (mode \(String(found.mode & 0o777, radix: 8)))",
      remedy: "chmod 700 it")
  }

  private static var defaultHome: FilePath? {
    OwnProgram.variable("GNUPGHOME").map { FilePath($0) }
      ?? OwnProgram.variable("HOME").map { FilePath($0).appending(".gnupg") }
  }
}

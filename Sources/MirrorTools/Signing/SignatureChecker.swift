public import LinuxSystem
import SystemPackage

/// Judges detached signatures by one key alone, whatever else is in anybody's keyring.
public struct SignatureChecker: Sendable {
  let gnupg: GnuPG
  /// The pinned key, as gpg lists it.
  let key: SigningKey
  private let keyring: Shared<MemoryFile>

  /// Takes the public key from gpg's keyring.
  ///
  /// - Throws: when gpg or the key is not there.
  public init(_ settings: SigningSettings, cancellation: Cancellation? = nil) throws(MirrorError) {
    let gnupg = GnuPG(settings: settings, cancellation: cancellation)
    self.gnupg = gnupg
    key = try gnupg.listed()
    keyring = Shared(try MemoryFile(try gnupg.exported(), for: "gpgv"))
  }

  /// What a signature is worth for an open file of so many bytes.
  func verdict(
    on signature: [UInt8], of file: String, bytes: Int64
  ) throws(MirrorError) -> SignatureVerdict {
    let signature = try MemoryFile(signature, for: "gpgv")
    let answer = try gnupg.gpgv(
      keyring: keyring.value.path, signature: signature.path, of: file,
      limit: GnuPG.patience(reading: bytes))
    guard !answer.isLate, answer.status < 128 else {
      throw MirrorError(
        .library, "gpgv", "was ended before it had read everything", remedy: "see whether the disk is slow")
    }
    guard !answer.statuses.contains(.noKeyring) else {
      throw MirrorError(
        .library, "gpgv", "cannot read the key: \(answer.messages.first ?? "it does not say why")",
        remedy: "see whether /proc is mounted, and shows this user's own processes")
    }
    let verdict = SignatureVerdict(answer.statuses, trusting: gnupg.settings.key)
    // With the primary key all its subkeys expire.
    return verdict == .subkeyExpired && key.state == .expired ? .keyExpired : verdict
  }

  /// What a signature is worth for these bytes.
  package func verdict(on signature: [UInt8], of bytes: [UInt8]) throws(MirrorError) -> SignatureVerdict {
    let file = try MemoryFile(bytes, for: "gpgv")
    return try verdict(on: signature, of: file.path, bytes: Int64(bytes.count))
  }
}

extension GnuPG {
  /// The key of the configuration, as gpg knows it.
  func listed(secret: Bool = false) throws(MirrorError) -> SigningKey {
    // gpg would say that there is no such key.
    if let home = settings.homeDirectory {
      do throws(Errno) { try home.check([.read, .search]) } catch  where error == .permissionDenied {
        throw .system(error, "look into \(escaped(home.bytes))", "signing/homedir")
      } catch {}
    }
    let answer = try gpg([
      "--with-colons", "--fixed-list-mode", secret ? "--list-secret-keys" : "--list-keys",
      "\(settings.key)",
    ])
    guard let key = SigningKey(settings.key, in: answer.output) else {
      throw MirrorError(
        .invalid, "signing/key", "\(settings.displayedHome) has no key \(settings.key): \(answer.complaint)",
        remedy: "import it there with gpg --import, or mend signing/key or signing/homedir")
    }
    return key
  }

  /// The public key and all its subkeys, also those that have expired: what they signed is to be checked still.
  func exported() throws(MirrorError) -> [UInt8] {
    try output(of: try gpg(["--export", "\(settings.key)"]))
  }

  /// The same armoured, and without what others certified.
  func exportedForOthers() throws(MirrorError) -> [UInt8] {
    let whole = try MemoryFile(try exported(), for: "gpg")
    // export-minimal would leave out what has expired.
    return try output(
      of: try gpg([
        "--import-options", "import-export,self-sigs-only", "--armor", "--output", "-", "--import",
        whole.path,
      ]))
  }

  private func output(of answer: Answer) throws(MirrorError) -> [UInt8] {
    guard answer.status == 0, !answer.output.isEmpty else {
      throw MirrorError(
        .invalid, "signing/key", "gpg does not export \(settings.key): \(answer.complaint)",
        remedy: "try gpg --export by hand")
    }
    return answer.output
  }
}

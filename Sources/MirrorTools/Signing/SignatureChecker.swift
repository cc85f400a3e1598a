public import LinuxSystem
import SystemPackage

/// Checks detached signatures with one key only, whatever other keys are in keyrings.
public struct SignatureChecker: Sendable {
  let gnupg: GnuPG
  /// The trusted key, as listed by gpg.
  let key: SigningKey
  private let keyring: Shared<MemoryFile>

  /// Exports the public key from gpg's keyring.
  ///
  /// - Throws: if gpg or the key is missing.
  public init(_ settings: SigningSettings, cancellation: Cancellation? = nil) throws(MirrorError) {
    let gnupg = GnuPG(settings: settings, cancellation: cancellation)
    self.gnupg = gnupg
    key = try gnupg.listed()
    keyring = Shared(try MemoryFile(try gnupg.exported(), for: "gpgv"))
  }

  /// The verdict on a text that contains its signature.
  func verdict(onClearText text: [UInt8]) throws(MirrorError) -> SignatureVerdict {
    guard ClearText(text) != nil else { return .unreadable }
    return try verdict(on: text, of: nil, bytes: Int64(text.count))
  }

  /// The verdict on a signature of an open file with this number of bytes; nil if the signature contains the text.
  func verdict(
    on signature: [UInt8], of file: String?, bytes: Int64
  ) throws(MirrorError) -> SignatureVerdict {
    let signature = try MemoryFile(signature, for: "gpgv")
    let answer = try gnupg.gpgv(
      keyring: keyring.value.path, signature: signature.path, of: file,
      limit: GnuPG.patience(reading: bytes))
    guard !answer.isLate, answer.status < 128 else {
      throw MirrorError(
        .library, "gpgv", "was killed before it read the whole file", remedy: "check for a slow disk")
    }
    guard !answer.statuses.contains(.noKeyring) else {
      throw MirrorError(
        .library, "gpgv", "cannot read the key: \(answer.messages.first ?? "no reason given")",
        remedy: "check that /proc is mounted and shows this user's processes")
    }
    let verdict = SignatureVerdict(
      answer.statuses, trusting: [gnupg.settings.key], previous: Set(gnupg.settings.previous))
    // If the primary key expires, all its subkeys do.
    return verdict == .subkeyExpired && key.state == .expired ? .keyExpired : verdict
  }

  /// The verdict on a text with its signature in it, and the text that was signed.
  func verdict(onSigned text: [UInt8]) throws(MirrorError) -> (verdict: SignatureVerdict, text: [UInt8]) {
    let file = try MemoryFile(text, for: "gpgv")
    let answer = try GnuPG.gpgv(
      keyring: keyring.value.path, ["--output", "-", file.path], cancellation: gnupg.cancellation,
      neededBy: "binhost/key")
    guard !answer.isLate, answer.status < 128, !answer.statuses.contains(.noKeyring) else {
      throw MirrorError(
        .library, "gpgv", "failed: \(answer.messages.first ?? "no reason given")",
        remedy: "check that /proc is mounted")
    }
    return (SignatureVerdict(answer.statuses, trusting: [gnupg.settings.key]), answer.output)
  }

  /// The verdict on a signature of these bytes.
  package func verdict(on signature: [UInt8], of bytes: [UInt8]) throws(MirrorError) -> SignatureVerdict {
    let file = try MemoryFile(bytes, for: "gpgv")
    return try verdict(on: signature, of: file.path, bytes: Int64(bytes.count))
  }
}

extension GnuPG {
  /// The key in the configuration, as listed by gpg.
  func listed(secret: Bool = false) throws(MirrorError) -> SigningKey {
    // Otherwise gpg would report a missing key.
    if let home = settings.homeDirectory {
      do throws(Errno) { try home.check([.read, .search]) } catch  where error == .permissionDenied {
        throw .system(error, "read \(escaped(home.bytes))", "signing/homedir")
      } catch {}
    }
    let answer = try gpg([
      "--with-colons", "--fixed-list-mode", secret ? "--list-secret-keys" : "--list-keys",
      "\(settings.key)",
    ])
    guard let key = SigningKey(settings.key, in: answer.output) else {
      throw MirrorError(
        .invalid, "signing/key", "\(settings.displayedHome) has no key \(settings.key): \(answer.complaint)",
        remedy: "import it there with gpg --import, or correct signing/key or signing/homedir")
    }
    return key
  }

  /// The public key and all its subkeys, including expired ones, whose signatures must still be checked, and
  /// the keys that signed before.
  func exported() throws(MirrorError) -> [UInt8] {
    try output(of: try gpg(["--export", "\(settings.key)"] + settings.previous.map { "\($0)" }))
  }

  /// The same, armoured and without third-party signatures.
  func exportedForOthers() throws(MirrorError) -> [UInt8] { try reduced(try exported()) }

  /// Keys as packets, armoured and without third-party signatures.
  func reduced(_ packets: [UInt8]) throws(MirrorError) -> [UInt8] {
    let whole = try MemoryFile(packets, for: "gpg")
    // export-minimal would omit expired subkeys.
    return try output(
      of: try gpg([
        "--import-options", "import-export,self-sigs-only", "--armor", "--output", "-", "--import",
        whole.path,
      ]))
  }

  private func output(of answer: Answer) throws(MirrorError) -> [UInt8] {
    guard answer.status == 0, !answer.output.isEmpty else {
      throw MirrorError(
        .invalid, "signing/key", "gpg cannot export \(settings.key): \(answer.complaint)",
        remedy: "try gpg --export by hand")
    }
    return answer.output
  }
}

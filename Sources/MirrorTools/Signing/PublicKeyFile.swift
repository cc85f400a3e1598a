public import LinuxSystem

/// The public key file for downloaders.
public enum PublicKeyFile {
  /// Its name at the root of a mirror.
  public static let name: FileName = "signing-key.asc"

  /// The key and all its subkeys, including expired ones, armoured, without third-party signatures.
  ///
  /// - Throws: if gpg or the key is missing.
  public static func bytes(
    _ settings: SigningSettings, cancellation: Cancellation? = nil
  ) throws(MirrorError) -> [UInt8] {
    let gnupg = GnuPG(settings: settings, cancellation: cancellation)
    _ = try gnupg.listed()
    let bytes = try gnupg.exportedForOthers()
    return try checked(bytes)
  }

  private static func checked(_ bytes: [UInt8]) throws(MirrorError) -> [UInt8] {
    guard bytes.starts(with: "-----BEGIN PGP PUBLIC KEY BLOCK-----".utf8) else {
      throw MirrorError(
        .library, "gpg", "did not export an armoured public key", remedy: "try gpg --export by hand")
    }
    return bytes
  }

  /// The key of the configuration beside those in a file, as the file has them.
  static func bytes(
    _ settings: SigningSettings, beside file: [UInt8], cancellation: Cancellation? = nil
  ) throws(MirrorError) -> [UInt8] {
    var alone = settings
    alone.previous = []
    let gnupg = GnuPG(settings: alone, cancellation: cancellation)
    return try checked(try gnupg.reduced((PinnedKeys.binary(file) ?? []) + (try gnupg.exported())))
  }

  /// The keys of the configuration in a file; nil if it contains others, or is not a file of keys.
  static func keys(
    in file: [UInt8], _ settings: SigningSettings, cancellation: Cancellation? = nil
  ) throws(MirrorError) -> [SigningKey]? {
    let memory = try MemoryFile(file, for: "gpg")
    let answer = try GnuPG(settings: settings, cancellation: cancellation).gpg([
      "--with-colons", "--fixed-list-mode", "--show-keys", memory.path,
    ])
    let keys = ([settings.key] + settings.previous).compactMap { SigningKey($0, in: answer.output) }
    return keys.isEmpty || SigningKey.count(in: answer.output) != Set(keys.map(\.primary)).count ? nil : keys
  }

  /// The key as listed by gpg.
  public static func listed(
    _ settings: SigningSettings, cancellation: Cancellation? = nil
  ) throws(MirrorError) -> SigningKey {
    try GnuPG(settings: settings, cancellation: cancellation).listed()
  }

  /// The key as listed by gpg, with the place of its secret part.
  public static func key(
    _ settings: SigningSettings, cancellation: Cancellation? = nil
  ) throws(MirrorError) -> SigningKey {
    let gnupg = GnuPG(settings: settings, cancellation: cancellation)
    var key = try gnupg.listed()
    do throws(MirrorError) { key.secret = try gnupg.listed(secret: true).secret } catch {
      guard error.code == .invalid else { throw error }
      key.secret = .missing
    }
    return key
  }
}

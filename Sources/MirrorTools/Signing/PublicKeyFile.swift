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
    guard bytes.starts(with: "-----BEGIN PGP PUBLIC KEY BLOCK-----".utf8) else {
      throw MirrorError(
        .library, "gpg", "did not export an armoured public key", remedy: "try gpg --export by hand")
    }
    return bytes
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

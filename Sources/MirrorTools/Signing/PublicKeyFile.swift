public import LinuxSystem

/// The public key, as downloaders need it.
public enum PublicKeyFile {
  /// Its name at a mirror's root.
  public static let name: FileName = "signing-key.asc"

  /// The key and all its subkeys, expired ones too, armoured, without what others certified.
  ///
  /// - Throws: when gpg or the key is not there.
  public static func bytes(
    _ settings: SigningSettings, cancellation: Cancellation? = nil
  ) throws(MirrorError) -> [UInt8] {
    let gnupg = GnuPG(settings: settings, cancellation: cancellation)
    _ = try gnupg.listed()
    let bytes = try gnupg.exportedForOthers()
    guard bytes.starts(with: "-----BEGIN PGP PUBLIC KEY BLOCK-----".utf8) else {
      throw MirrorError(
        .library, "gpg", "exported no armoured public key", remedy: "try gpg --export by hand")
    }
    return bytes
  }

  /// What gpg knows of the key.
  public static func listed(
    _ settings: SigningSettings, cancellation: Cancellation? = nil
  ) throws(MirrorError) -> SigningKey {
    try GnuPG(settings: settings, cancellation: cancellation).listed()
  }

  /// What gpg knows of the key, and where its secret part is.
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

public import LinuxSystem
import SystemPackage

/// Keeps the public key at the root of the mirror up to date, and warns once a day if it expires soon.
public struct KeyRun {
  private let run: MirrorRun

  /// Creates the use case for a run.
  public init(_ run: MirrorRun) { self.run = run }

  /// Writes the key if it changed and the configuration enables signatures.
  public func apply() throws(MirrorError) -> KeyReport {
    let (environment, report) = (run.environment, KeyReport(isWritten: false))
    // Problems with gpg are reported by the steps that sign.
    guard let signing = run.configuration.signing,
      let key = try? PublicKeyFile.listed(signing, cancellation: environment.cancellation)
    else { return report }
    if let warning = key.warning(at: environment.now()),
      try run.catalog().isDue("key", at: environment.now())
    {
      run.tell(warning)
    }
    let published = PublishedKey(
      run.root, try run.ownership(), signing, now: environment.now(), cancellation: environment.cancellation)
    return KeyReport(isWritten: try published.renew())
  }
}

extension KeyRun {
  /// Writes the public key to the root of the mirror.
  ///
  /// - Throws: if the configuration names no key, or gpg does not have it.
  public func export() throws(MirrorError) -> KeyExport {
    let notice = KeyNotice(in: try AnchoredDirectory(root: run.root))
    let bytes = try PublicKeyFile.bytes(
      notice.published(try run.configuration.requiredSigning(), now: run.environment.now()),
      cancellation: run.environment.cancellation)
    let changed = try IndexPublisher(root: run.root, try run.ownership()).publish(
      IndexFile(path: MirrorPath(bytes: PublicKeyFile.name.bytes), bytes: bytes))
    return KeyExport(path: "\(run.root.appending("\(PublicKeyFile.name)"))", changed: changed)
  }
}

/// A public key that was written to a file.
public struct KeyExport: Report {
  /// The file.
  public let path: String
  /// Whether its content changed.
  public let changed: Bool

  /// - Parameter changed: whether its content changed.
  public init(path: String, changed: Bool) {
    self.path = path
    self.changed = changed
  }

  /// Its path, if it was written.
  public var lines: [ReportLine] { changed ? ["\(path) written"] : [] }
}

extension MirrorConfiguration {
  /// The signing key.
  ///
  /// - Throws: if the configuration names no key.
  public func requiredSigning() throws(MirrorError) -> SigningSettings {
    guard let signing else {
      throw MirrorError(
        .invalid, "signing/key", "is not set",
        remedy: "set a key in [section signing] of the configuration, see mirrorctl.conf(5)")
    }
    return signing
  }
}

/// Result of updating the public key file.
public struct KeyReport: Report {
  /// Whether it was written.
  public let isWritten: Bool

  private enum CodingKeys: String, CodingKey { case isWritten = "written" }

  /// Its name, if it was written.
  public var summary: String? { isWritten ? "\(PublicKeyFile.name) written" : nil }
}

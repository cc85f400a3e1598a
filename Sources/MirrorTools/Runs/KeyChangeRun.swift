public import LinuxSystem
import MirrorModel
public import SystemPackage

/// Replaces the signing key of a mirror, or revokes a previous one.
///
/// At every moment a published key verifies each signature that is visible, here and at every destination: the
/// new key is published beside the old one first, then signatures are replaced in the order of publishing; a
/// revocation comes last. Each step finds what it has to do in the files, so that the next run continues one
/// that was interrupted.
public struct KeyChangeRun {
  private let run: MirrorRun

  /// Creates the use case for a run.
  public init(_ run: MirrorRun) { self.run = run }

  /// Signs everything with the key in the configuration, which replaces those in `signing/previous`.
  ///
  /// - Parameter each: called with the result of each step as it ends.
  /// - Throws: if there is no previous key, or the new one cannot sign.
  public func rotate(each: (UpkeepReport.Step) -> Void = { _ in }) throws(MirrorError) -> KeyChangeReport {
    let settings = try checkedSettings()
    var report = KeyChangeReport(mirror: "\(run.root)", key: settings.key, previous: settings.previous)
    try sign(settings, &report, each)
    try notice(settings, revoked: nil, &report, each)
    try publish(&report, each)
    return report
  }

  /// Signs everything anew, then publishes the revocation of a previous key.
  ///
  /// - Parameters:
  ///   - key: one of the keys in `signing/previous`.
  ///   - certificate: a file with its revocation certificate; nil if gpg has it already.
  ///   - each: called with the result of each step as it ends.
  public func revoke(
    _ key: Fingerprint, certificate: FilePath?, each: (UpkeepReport.Step) -> Void = { _ in }
  ) throws(MirrorError) -> KeyChangeReport {
    let settings = try checkedSettings()
    guard settings.previous.contains(key) else {
      throw MirrorError(
        .invalid, "\(key)", "is not in signing/previous",
        remedy: "set signing/key to another key, and add \(key) to signing/previous")
    }
    let revocation = try certificate.map { (file) throws(MirrorError) in try Self.certificate(file) }
    let isKnown = try Self.listed(key, settings, run.environment.cancellation).state == .revoked
    guard isKnown || revocation != nil else {
      throw MirrorError(
        .invalid, "\(key)", "is not revoked in \(settings.displayedHome)",
        remedy:
          "\(run: .certificate), with the file that gpg keeps in openpgp-revocs.d or gpg --gen-revoke wrote")
    }
    var report = KeyChangeReport(mirror: "\(run.root)", key: settings.key, previous: settings.previous)
    report.revoked = key
    try sign(settings, &report, each)
    // A signature that could not be replaced would have no valid key any more.
    guard !report.steps.contains(where: { $0.step == "digestgen" && $0.status == .partial }) else {
      throw MirrorError(
        .refused, "digestgen", "could not replace all signatures, so the revocation is not published",
        remedy: "see the messages above, and run again")
    }
    try publish(&report, each)
    if !isKnown, let revocation {
      try step("import", &report, each) { () throws(MirrorError) in
        try Self.take(revocation, of: key, settings, run.environment.cancellation)
        return "revocation of \(key) imported"
      }
    }
    try step("revocation", &report, each) { () throws(MirrorError) in
      try KeyRun(run).export().changed ? "\(PublicKeyFile.name) written" : nil
    }
    try notice(settings, revoked: key, &report, each)
    try publish(&report, each)
    return report
  }
}

/// The steps.
extension KeyChangeRun {
  /// Publishes the new key beside the previous ones, and replaces all signatures.
  private func sign(
    _ settings: SigningSettings, _ report: inout KeyChangeReport, _ each: (UpkeepReport.Step) -> Void
  ) throws(MirrorError) {
    try step("keys", &report, each) { () throws(MirrorError) in
      try publishBeside(settings) ? "\(PublicKeyFile.name) written" : nil
    }
    if !run.configuration.publishing.isEmpty {
      try step("send keys", &report, each) { () throws(MirrorError) in
        try PublishRun(run).sendKeys()
      }
    }
    try step("digestgen", &report, each) { () throws(MirrorError) in
      let digestgen = DigestgenRun(run)
      return try digestgen.apply(try digestgen.plan())
    }
    try step("index", &report, each) { () throws(MirrorError) in try IndexRun(run).apply() }
  }

  private func publish(
    _ report: inout KeyChangeReport, _ each: (UpkeepReport.Step) -> Void
  ) throws(MirrorError) {
    guard !run.configuration.publishing.isEmpty else { return }
    run.noteChanges()
    try step("publish", &report, each) { () throws(MirrorError) in try PublishRun(run).apply() }
  }

  /// Writes the new key beside those that are published, before any of them is revoked.
  private func publishBeside(_ settings: SigningSettings) throws(MirrorError) -> Bool {
    let cancellation = run.environment.cancellation
    let anchor = try AnchoredDirectory(root: run.root)
    let path = MirrorPath(bytes: PublicKeyFile.name.bytes)
    let there = try anchor.contents(of: path, limit: 1 << 20) ?? []
    let old = there.isEmpty ? nil : try PublicKeyFile.keys(in: there, settings, cancellation: cancellation)
    let all = KeyNotice(in: anchor).published(settings, now: run.environment.now())
    var bytes = try PublicKeyFile.bytes(all, cancellation: cancellation)
    if let old, try !revokedSince(old, settings).isEmpty {
      guard !old.contains(where: { $0.fingerprint == settings.key }) else { return false }
      bytes = try PublicKeyFile.bytes(settings, beside: there, cancellation: cancellation)
    }
    return try IndexPublisher(root: run.root, try run.ownership()).publish(
      IndexFile(path: path, bytes: bytes))
  }

  /// The keys that are published as usable, and revoked in gpg's keyring.
  private func revokedSince(
    _ published: [SigningKey], _ settings: SigningSettings
  ) throws(MirrorError) -> [SigningKey] {
    var found: [SigningKey] = []
    for key in published where key.state != .revoked && settings.previous.contains(key.fingerprint) {
      let now = try Self.listed(key.fingerprint, settings, run.environment.cancellation)
      if now.state == .revoked { found.append(key) }
    }
    return found
  }

  /// Writes what happened to `signing-key.txt`, signed with the new key, and with a replaced one if possible.
  private func notice(
    _ settings: SigningSettings, revoked: Fingerprint?, _ report: inout KeyChangeReport,
    _ each: (UpkeepReport.Step) -> Void
  ) throws(MirrorError) {
    try step("notice", &report, each) { () throws(MirrorError) in
      let anchor = try AnchoredDirectory(root: run.root)
      let known = KeyNotice(in: anchor)
      var notice = known
      let today = run.environment.today
      for key in revoked.map({ [$0] }) ?? settings.previous {
        notice.add(.init(date: today, old: key, new: settings.key, isRevocation: revoked != nil))
      }
      let path = MirrorPath(bytes: KeyNotice.name.bytes)
      let names = settings.formats.map { $0.signature(of: KeyNotice.name) }
      var isSigned = true
      for name in names where try anchor.status(of: name) == nil { isSigned = false }
      guard notice != known || !isSigned else { return nil }
      let file = IndexFile(path: path, bytes: notice.text)
      let signer = try Signer(settings, cancellation: run.environment.cancellation)
      let others = revoked == nil ? settings.previous : []
      // The secret part of a replaced key may be gone.
      let both = others.isEmpty ? nil : try? signer.companions(of: file, with: others)
      let signatures: [IndexFile]
      if let both { signatures = both } else { signatures = try signer.companions(of: file) }
      try IndexPublisher(root: run.root, try run.ownership()).publish(file, signatures: signatures)
      let fresh = notice.events.filter { !known.events.contains($0) }
      run.journal(
        fresh.map {
          .init($0.isRevocation ? .revoked : .rekeyed, .root, detail: "\($0.old), replaced by \($0.new)")
        })
      return "\(KeyNotice.name) written"
    }
  }

  private func step(
    _ name: String, _ report: inout KeyChangeReport, _ each: (UpkeepReport.Step) -> Void,
    _ body: () throws(MirrorError) -> String?
  ) throws(MirrorError) {
    try run.environment.cancellation.check()
    Log.step("running \(name)")
    let ended = UpkeepReport.Step(step: name, status: .done, summary: try body())
    report.steps.append(ended)
    each(ended)
  }

  /// A step that is another use case; a problem that leaves its work incomplete ends the run, since the next
  /// step must not come before it.
  private func step(
    _ name: String, _ report: inout KeyChangeReport, _ each: (UpkeepReport.Step) -> Void,
    _ body: () throws(MirrorError) -> any Report
  ) throws(MirrorError) {
    try run.environment.cancellation.check()
    Log.step("running \(name)")
    let result = try body()
    // Publishing reports its problems itself.
    if !(result is PublishReport) { for message in result.messages { run.tell(message) } }
    let ended = UpkeepReport.Step(step: name, status: result.status, summary: result.summary)
    report.steps.append(ended)
    each(ended)
    guard result.status == .failed || result.status == .refused else { return }
    throw MirrorError(
      .invalid, name, "failed, so the change of the key is not complete",
      remedy: "see the message above, and run again to continue")
  }
}

/// Keys and certificates.
extension KeyChangeRun {
  /// The settings, if everything that the change needs is there.
  private func checkedSettings() throws(MirrorError) -> SigningSettings {
    let settings = try run.configuration.requiredSigning()
    guard !settings.previous.isEmpty else {
      throw MirrorError(
        .invalid, "signing/previous", "is not set",
        remedy: "set signing/key to the new key, and signing/previous to the fingerprint of the old one")
    }
    _ = try Signer(settings, cancellation: run.environment.cancellation)
    for key in settings.previous { _ = try Self.listed(key, settings, run.environment.cancellation) }
    return settings
  }

  private static func listed(
    _ key: Fingerprint, _ settings: SigningSettings, _ cancellation: Cancellation
  ) throws(MirrorError) -> SigningKey {
    let other = settings.replacing(key: key)
    do throws(MirrorError) { return try PublicKeyFile.listed(other, cancellation: cancellation) } catch {
      guard error.code == .invalid else { throw error }
      throw MirrorError(
        .invalid, "signing/previous", "\(settings.displayedHome) has no key \(key)",
        remedy: "import its public key there with gpg --import; signing-key.asc of the mirror contains it")
    }
  }

  /// A certificate, as gpg stores it: with a colon that keeps it from being imported by accident.
  private static func certificate(_ file: FilePath) throws(MirrorError) -> [UInt8] {
    let text = try attempt("read", escaped(file.bytes)) { () throws(Errno) in
      try Descriptor(reading: file).bytes(upTo: 1 << 20)
    }
    return Array(
      String(decoding: text, as: UTF8.self).replacing("\n:-----BEGIN", with: "\n-----BEGIN").utf8)
  }

  private static func take(
    _ certificate: [UInt8], of key: Fingerprint, _ settings: SigningSettings, _ cancellation: Cancellation
  ) throws(MirrorError) {
    let memory = try MemoryFile(certificate, for: "gpg")
    let gnupg = GnuPG(settings: settings, cancellation: cancellation)
    let answer = try gnupg.gpg(["--import", memory.path])
    guard try listed(key, settings, cancellation).state == .revoked else {
      throw MirrorError(
        .invalid, "certificate", "is not a revocation certificate of \(key): \(answer.complaint)",
        remedy: "use the file that gpg --gen-revoke wrote for this key")
    }
  }
}

extension SigningSettings {
  fileprivate func replacing(key: Fingerprint) -> SigningSettings {
    var settings = SigningSettings(key: key)
    settings.homeDirectory = homeDirectory
    return settings
  }
}

/// Result of replacing or revoking a key.
public struct KeyChangeReport: MirrorReport {
  /// Root of the mirror.
  public let mirror: String
  /// The key that signs.
  public let key: Fingerprint
  /// The keys that signed before.
  public let previous: [Fingerprint]
  /// The key that was revoked.
  public internal(set) var revoked: Fingerprint?
  /// In the order of execution.
  public internal(set) var steps: [UpkeepReport.Step] = []

  private enum CodingKeys: CodingKey { case mirror, key, previous, revoked, steps }

  init(mirror: String, key: Fingerprint, previous: [Fingerprint]) {
    self.mirror = mirror
    self.key = key
    self.previous = previous
  }

  /// The status of the worst step.
  public var status: ExitStatus { steps.reduce(.done) { $0.worse($1.status) } }
}

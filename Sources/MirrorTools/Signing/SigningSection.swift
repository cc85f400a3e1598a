import MirrorModel
package import FlexData
import SystemPackage

extension MirrorLayout {
  /// The kinds of files that are signed unless others are configured.
  fileprivate var signedKinds: Set<SignedKind> {
    digestFormats.isEmpty ? [.tarballs, .index] : [.tarballs, .digests, .index]
  }
}

extension SigningSettings {
  /// Those of `[section signing]` for files that are not in a mirror; nil if no key is set.
  package init?(_ elements: Elements) throws {
    guard let settings = try SigningSection(elements).settings(for: .metro) else { return nil }
    self = settings
  }
}

/// Reads `[section signing]`, and knows all its settings.
struct SigningSection {
  private let section: SettingsSection

  init(_ elements: Elements) { section = Self.section(elements) }

  static func section(_ elements: Elements) -> SettingsSection {
    SettingsSection(
      "signing", of: elements,
      known: ["key", "previous", "keep-previous", "homedir", "passphrase-file", "formats", "what"])
  }

  /// nil if no key is set: signing is disabled.
  ///
  /// - Parameter layout: determines what is signed, and how, if that is not set.
  func settings(for layout: MirrorLayout) throws -> SigningSettings? {
    let home = try home()
    let passphrase = try section.absolutePath("passphrase-file").map { FilePath($0) }
    let formats = try some(SignatureFormat.self, of: "formats")
    let what = try some(SignedKind.self, of: "what")
    let previous = try self.previous()
    let keepsPrevious = try section.seconds("keep-previous")
    guard let key = try Self.key(section) else { return nil }
    guard !previous.contains(key) else {
      throw section.invalid("previous", "contains signing/key", "list only keys that do not sign any more")
    }
    var settings = SigningSettings(key: key)
    settings.homeDirectory = home
    settings.passphraseFile = passphrase
    settings.formats = formats ?? layout.signatureFormats
    settings.previous = previous
    settings.keepsPrevious = keepsPrevious ?? settings.keepsPrevious
    settings.what = what.map { Set($0) } ?? layout.signedKinds
    return settings
  }

  /// gpg's home directory; nil for the default.
  func home() throws -> FilePath? { try section.absolutePath("homedir").map { FilePath($0) } }

  /// The key of a section; nil if it has none.
  static func key(_ section: SettingsSection) throws -> Fingerprint? {
    guard let text = try section.text("key") else { return nil }
    guard let key = Fingerprint(text) else {
      throw section.invalid(
        "key",
        Fingerprint.isShort(text)
          ? "`\(text)` is a short id, which may not be unique" : "`\(text)` is not a fingerprint",
        "use the 40 or 64 digits printed by `gpg --fingerprint`")
    }
    return key
  }

  /// The keys that signed before.
  private func previous() throws -> [Fingerprint] {
    var keys: [Fingerprint] = []
    for word in try section.words("previous") ?? [] {
      guard let key = Fingerprint(word) else {
        throw section.invalid(
          "previous", "`\(word)` is not a fingerprint", "use fingerprints of 40 or 64 digits without spaces")
      }
      if !keys.contains(key) { keys.append(key) }
    }
    return keys
  }

  /// Distinct words in the order of their declaration.
  private func some<Choice: RawRepresentable & CaseIterable & Equatable>(
    _: Choice.Type, of setting: String
  ) throws -> [Choice]? where Choice.RawValue == String {
    guard let words = try section.choices(setting, Choice.self) else { return nil }
    guard !words.isEmpty else {
      throw section.invalid(
        setting, "is empty", "use some of: \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return Choice.allCases.filter(words.contains)
  }
}

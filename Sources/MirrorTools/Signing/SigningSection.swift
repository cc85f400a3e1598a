import MirrorModel
import FlexData
import SystemPackage

/// Reads `[section signing]`, and knows all that may stand in it.
struct SigningSection {
  private let section: SettingsSection

  init(_ elements: Elements) { section = Self.section(elements) }

  static func section(_ elements: Elements) -> SettingsSection {
    SettingsSection(
      "signing", of: elements, known: ["key", "homedir", "passphrase-file", "formats", "what"])
  }

  /// nil where no key is named: nothing is signed.
  func settings() throws -> SigningSettings? {
    let home = try home()
    let passphrase = try section.absolutePath("passphrase-file").map { FilePath($0) }
    let formats = try some(SignatureFormat.self, of: "formats")
    let what = try some(SignedKind.self, of: "what")
    guard let key = try Self.key(section) else { return nil }
    var settings = SigningSettings(key: key)
    settings.homeDirectory = home
    settings.passphraseFile = passphrase
    settings.formats = formats ?? settings.formats
    settings.what = what.map { Set($0) } ?? settings.what
    return settings
  }

  /// gpg's home directory; nil for its own.
  func home() throws -> FilePath? { try section.absolutePath("homedir").map { FilePath($0) } }

  /// The key that a section names; nil if it names none.
  static func key(_ section: SettingsSection) throws -> Fingerprint? {
    guard let text = try section.text("key") else { return nil }
    guard let key = Fingerprint(text) else {
      throw section.invalid(
        "key",
        Fingerprint.isShort(text)
          ? "`\(text)` is a short id, which other keys may have too" : "`\(text)` is no fingerprint",
        "write the 40 or 64 digits that `gpg --fingerprint` shows")
    }
    return key
  }

  /// Words in the order of their declaration, each once.
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

import FlexData

/// `[section index]`.
public struct IndexSettings: Sendable {
  /// What `index` and `upkeep` write.
  public var formats: [IndexFormat] = [.xml]
  /// What the mirror is called on its page.
  var title = "Stages"
  /// A sentence below the title.
  var description: String?
  /// The operating system of images, `Funtoo`.
  var system: String?
  /// Where the mirror's root is offered, without a slash at the end; the best first.
  var urls: [String] = []

  static func section(_ elements: Elements) -> SettingsSection {
    SettingsSection("index", of: elements, known: ["formats", "title", "description", "os", "urls"])
  }

  /// Defaults.
  public init() {}

  /// What elements say.
  init(_ elements: Elements) throws {
    let section = Self.section(elements)
    formats = try section.choices("formats") ?? formats
    title = try section.text("title") ?? title
    description = try section.text("description")
    system = try section.text("os")
    urls = try section.words("urls") ?? []
    for url in urls where !Self.isWeb(url) { throw Self.noAddress(url, "urls", section) }
    // Every mirror that is published to and has an address serves too.
    for name in SettingsSection.names(in: "publish", of: elements) {
      let target = SettingsSection("publish/\(name)", of: elements, known: [])
      guard let url = try target.text("url") else { continue }
      guard Self.isWeb(url) else { throw Self.noAddress(url, "url", target) }
      urls.append(url)
    }
    urls = urls.map { String($0.reversed().drop { $0 == "/" }.reversed()) }
    urls = urls.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  private static func isWeb(_ url: String) -> Bool {
    ["https://", "http://", "ftp://"].contains { url.hasPrefix($0) && url.count > $0.count }
      && url.utf8.allSatisfy { (0x21...0x7e).contains($0) }
  }

  private static func noAddress(_ url: String, _ setting: String, _ section: SettingsSection) -> MirrorError {
    section.invalid(
      setting, "`\(url)` is no address",
      "begin it with https://, http:// or ftp://, and escape what is no ASCII")
  }
}

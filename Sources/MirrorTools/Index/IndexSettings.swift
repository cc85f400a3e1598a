import FlexData
import MirrorModel

extension MirrorLayout {
  /// The index formats that are written unless others are configured.
  var indexFormats: [IndexFormat] { isByName ? [.latest] : [.xml] }
}

/// `[section index]`.
public struct IndexSettings: Sendable {
  /// Formats that `index` and `upkeep` write.
  public var formats: [IndexFormat] = [.xml]
  /// Title of the mirror's page.
  var title = "Stages"
  /// A sentence below the title.
  var description: String?
  /// The operating system of images, `Funtoo`.
  var system: String?
  /// URLs of the mirror's root, without a slash at the end; the best first.
  var urls: [String] = []

  static func section(_ elements: Elements) -> SettingsSection {
    SettingsSection("index", of: elements, known: ["formats", "title", "description", "os", "urls"])
  }

  /// Defaults.
  public init() {}

  /// Reads the settings.
  init(_ elements: Elements, _ layout: MirrorLayout) throws {
    let section = Self.section(elements)
    formats = try section.choices("formats") ?? layout.indexFormats
    title = try section.text("title") ?? title
    description = try section.text("description")
    system = try section.text("os")
    urls = try section.addresses("urls") ?? []
  }

  /// Adds URLs of destinations, since these serve the mirror, too.
  mutating func add(urls more: [String]) {
    urls = (urls + more).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }
}

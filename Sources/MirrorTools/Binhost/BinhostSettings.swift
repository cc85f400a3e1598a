import LinuxSystem
import MirrorModel
import FlexData
import SystemPackage

/// `[section binhost]`: the trees of binary packages.
public struct BinhostSettings: Sendable {
  /// Who writes `Packages`.
  enum Indexer: String, CaseIterable, Sendable {
    /// mirrorctl itself.
    case own
    /// `emaint binhost`, with the settings of this host.
    case emaint
    /// Nobody here: the index is published as it is.
    case no
  }

  /// Trees that may not have a `Packages` yet, besides those that have one.
  var paths: [MirrorPath] = []
  /// Who writes `Packages`.
  var indexer = Indexer.own
  /// Whether `Packages.gz` is written too.
  var compresses = true
  /// Number of builds to keep per package and slot; nil for all.
  var keep: Int?
  /// Seconds for which packages are kept that no index names.
  var grace = 2 * 86_400
  /// The key that must have signed packages; nil if signatures are not checked.
  var signing: SigningSettings?

  static func section(_ elements: Elements) -> SettingsSection {
    SettingsSection(
      "binhost", of: elements,
      known: ["paths", "index", "compress", "keep", "grace", "key", "homedir", "url"])
  }

  /// Defaults.
  public init() {}

  /// Reads the settings.
  ///
  /// - Parameter home: gpg's home directory, if the section has none.
  init(_ elements: Elements, home: FilePath?) throws {
    let section = Self.section(elements)
    paths = try (section.words("paths") ?? []).map { word in
      let path = MirrorPath(word)
      guard path.isPlain, path.place.isInPackages, !path.components.contains(where: \.isHidden) else {
        throw section.invalid(
          "paths", "`\(word)` is not a tree of packages",
          "use a path in the mirror such as BUILD/ARCH/binpackages/SUBARCH")
      }
      return path
    }
    indexer = try section.choice("index") ?? indexer
    compresses = try section.flag("compress") ?? compresses
    keep = try section.number("keep", from: 1)
    grace = try section.seconds("grace") ?? grace
    // For the stages that builds make.
    _ = try section.addresses("url")
    let own = try section.absolutePath("homedir").map { FilePath($0) }
    if let key = try SigningSection.key(section) {
      var settings = SigningSettings(key: key)
      settings.homeDirectory = own ?? home
      signing = settings
    }
  }
}

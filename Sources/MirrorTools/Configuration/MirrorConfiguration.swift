public import MirrorModel
public import LinuxSystem
public import FlexData
public import SystemPackage

/// The settings of a mirror.
public struct MirrorConfiguration: Sendable {
  /// `path/mirror`; nil if not set.
  public var mirror: FilePath?
  /// `mirror/layout`.
  public var layout = MirrorLayout.metro
  /// `path/mirror/owner`, `group` and `dirmode`; nil if not set.
  var (owner, group, directoryMode): (String?, String?, String?) = (nil, nil, nil)
  /// `target/compression`; nil if not set.
  var compression: String?
  /// The formats of release files: the known ones, and those of `artifacts/kinds`.
  public internal(set) var kinds = ArtifactKinds.builtIn
  /// `[section rotation]`.
  public var rotation = RotationSettings()
  /// `rotation/keep` and similar settings; nil if none is set.
  public var retention: RetentionPolicy?
  /// `[section index]`.
  public var index = IndexSettings()
  /// `[section hooks]`.
  public var hooks = HookSettings()
  /// `build/promote`; nil if candidates are promoted by hand.
  public var promotion: PromotionSettings?
  /// `[section signing]`; nil if signing is disabled.
  public var signing: SigningSettings?
  /// `[section publish/NAME]`, by name.
  public var publishing: [PublishDestination] = []

  /// `[section receive/SERVER]`.
  public var receiving = ReceiveRules()
  /// `[section caches]`.
  public var caches = CacheSettings()

  /// Where images of Amazon EC2 are, by the name of their `[section export/NAME]`.
  var clouds: [String: Result<CloudAccount, MirrorError>] = [:]

  /// `[section binhost]`.
  public var binhost = BinhostSettings()

  /// Defaults.
  public init() {}

  /// Reads the settings of a configuration file; commands are ignored if they may not be run.
  ///
  /// - Throws: ``FlexDataError`` or ``MirrorError`` for invalid settings.
  public init(_ file: ConfigurationFile) throws {
    try self.init(file.elements)
    caches = try CacheSettings(file.elements, temporary: file.temporary)
    guard !file.runsHostCode else { return }
    hooks = HookSettings()
    rotation.runsHostCode = false
    if case .check = promotion { promotion = nil }
  }

  /// Reads the settings from elements.
  ///
  /// - Throws: ``FlexDataError`` or ``MirrorError`` for invalid settings.
  public init(_ elements: Elements) throws {
    for section in Self.sections(elements) { try section.check() }
    let path = SettingsSection("path", of: elements, known: [])
    mirror = try path.absolutePath("mirror").map { FilePath($0).normalized }
    layout = try Self.section(elements).choice("layout") ?? layout
    (owner, group, directoryMode) = (
      try text("path/mirror/owner", elements), try text("path/mirror/group", elements),
      try text("path/mirror/dirmode", elements)
    )
    compression = try elements.text("target/compression").flatMap { $0.isEmpty ? nil : $0 }
    kinds = try ArtifactSection.kinds(elements)
    let section = RotationSection(elements)
    rotation = try section.settings()
    rotation.specNames = SpecNames(elements)
    retention = try section.retention()
    promotion = try PromotionSettings(elements)
    index = try IndexSettings(elements, layout)
    hooks = try HookSettings(elements)
    signing = try SigningSection(elements).settings(for: layout)
    publishing = try PublishSection.destinations(elements)
    clouds = CloudAccount.accounts(elements)
    receiving = try ReceiveSection.rules(elements, home: try SigningSection(elements).home())
    binhost = try BinhostSettings(elements, home: try SigningSection(elements).home())
    caches = try CacheSettings(elements, temporary: "/var/cache/mirrorctl")
    index.add(urls: publishing.compactMap(\.url))
  }

  /// The sections that describe the mirror: an error in one of them stops every verb that works on it.
  private static func sections(_ elements: Elements) -> [SettingsSection] {
    [
      section(elements), RotationSection.section(elements), SigningSection.section(elements),
      IndexSettings.section(elements), HookSettings.section(elements), CacheSettings.section(elements),
      BinhostSettings.section(elements), ArtifactSection.section(elements),
    ] + PublishSection.sections(elements) + ReceiveSection.sections(elements)
  }

  /// All sections in which an unknown setting is an error; those of builds, images, tests and the farm stop only
  /// the verbs that read them.
  static func allSections(_ elements: Elements) -> [SettingsSection] {
    sections(elements) + [
      TrialSettings.section(elements), FarmSettings.section(elements), FarmMaster.section(elements),
    ] + ExportSection.sections(elements)
  }

  /// `[section mirror]`.
  private static func section(_ elements: Elements) -> SettingsSection {
    SettingsSection("mirror", of: elements, known: ["layout"])
  }

  private func text(_ name: String, _ elements: Elements) throws -> String? {
    try elements.text(name).flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Compression of marked tarballs; nil if not set.
  ///
  /// - Throws: if the setting is not a compression.
  public func chosenCompression() throws(MirrorError) -> Compression? {
    guard let compression else { return nil }
    guard let chosen = Compression(configured: compression) else {
      throw MirrorError(
        .invalid, "target/compression", "`\(compression)` is not a compression",
        remedy: "use xz, zst, gz or bz2")
    }
    return chosen
  }

  /// Owner and mode of new files in the mirror.
  ///
  /// - Throws: if owner or group is unknown to the system.
  public func ownershipRules() throws(MirrorError) -> OwnershipRules {
    var ownershipRules = OwnershipRules()
    if let owner {
      guard let id = UInt32(owner) ?? Account.user(named: owner) else {
        throw MirrorError(
          .invalid, "path/mirror/owner", "unknown user `\(owner)`", remedy: "check the name")
      }
      ownershipRules.owner = id
    }
    if let group {
      guard let id = UInt32(group) ?? Account.group(named: group) else {
        throw MirrorError(
          .invalid, "path/mirror/group", "unknown group `\(group)`", remedy: "check the name")
      }
      ownershipRules.group = id
    }
    if let directoryMode {
      guard let mode = UInt32(directoryMode, radix: 8), mode <= 0o7777 else {
        throw MirrorError(
          .invalid, "path/mirror/dirmode", "`\(directoryMode)` is not an octal mode",
          remedy: "use e.g. 775")
      }
      ownershipRules.mode = mode
    }
    return ownershipRules
  }
}

import LinuxSystem
import MirrorModel
import MirrorTools

/// Settings of images of Amazon EC2.
struct EC2Settings {
  let account: CloudAccount
  /// nil for that of boto3.
  let region: String?
  /// Regions to which the image is copied.
  let copies: [String]
  /// nil for the name of the record.
  private let givenName: String?
  let description: String?
  /// Tags of the image and its snapshots.
  private let ownTags: [String: String]
  /// Who may start the image: account numbers, or `all`.
  let launch: [String]
  let volumeType: VolumeType
  /// In GiB; nil for the size of the disk.
  private let givenSize: Int?
  let bootMode: BootMode
  /// How many blocks are sent at the same time.
  let connections: Int
  /// The settings of the disk of a stage, by name.
  let disk: [String: String]
  private let settings: SettingsSection
  /// Prefix of the settings of the disk.
  static let diskPart = "disk"

  enum VolumeType: String, CaseIterable { case gp3, gp2, standard }

  enum BootMode: String, CaseIterable {
    case uefi
    case preferred = "uefi-preferred"
    case legacy = "legacy-bios"
  }

  init(_ settings: SettingsSection) throws {
    self.settings = settings
    account = try CloudAccount(settings)
    region = try settings.text("region")
    copies = try settings.words("copy-to") ?? []
    givenName = try settings.text("name")
    description = try settings.text("description")
    ownTags = try Self.tags(settings)
    disk = try settings.texts(Self.diskPart + "/")
    launch = try settings.words("launch") ?? []
    volumeType = try settings.choice("volume-type") ?? .gp3
    givenSize = try settings.number("volume-size", from: 1, to: 16_384)
    bootMode = try settings.choice("boot-mode") ?? .uefi
    connections = try settings.number("connections", from: 1, to: 256) ?? 32
    if let givenName { try check(name: givenName) }
    if let description, description.utf8.count > 255 {
      throw settings.invalid("description", "is longer than 255 bytes", "use a shorter one")
    }
    let isAccount: (String) -> Bool = {
      $0.utf8.count == 12 && $0.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
    for word in launch where word != "all" && !isAccount(word) {
      throw settings.invalid(
        "launch", "`\(word)` is neither an account nor all", "use account numbers of 12 digits, or all")
    }
    if launch.contains("all"), launch.count > 1 {
      throw settings.invalid("launch", "names accounts beside all", "use either all or accounts")
    }
  }

  /// Tags by name: those of `tag/NAME`, and the lines `NAME=VALUE` of `tags`, which can have any name.
  private static func tags(_ settings: SettingsSection) throws -> [String: String] {
    var tags = try settings.texts("tag/")
    for (name, value) in tags { try check(name, value, of: "tag/\(name)", settings) }
    for line in try settings.lines("tags") ?? [] {
      guard let equals = line.firstIndex(of: "=") else {
        throw settings.invalid("tags", "`\(line)` is not NAME=VALUE", "write one tag on each line")
      }
      let (name, value) = (String(line[..<equals]), String(line[line.index(after: equals)...]))
      try check(name, value, of: "tags", settings)
      guard tags.updateValue(value, forKey: name) == nil else {
        throw settings.invalid("tags", "`\(name)` is set twice", "remove one of them")
      }
    }
    // Three are our own.
    guard tags.count <= 47 else {
      throw settings.invalid("tags", "has \(tags.count) tags", "use up to 47")
    }
    return tags
  }

  /// The rules of EC2 for tags; those of `mirrorctl:` say whose an image is.
  private static func check(
    _ name: String, _ value: String, of setting: String, _ settings: SettingsSection
  ) throws(MirrorError) {
    guard (1...128).contains(name.unicodeScalars.count), value.unicodeScalars.count <= 256 else {
      throw settings.invalid(
        setting, "`\(name)` has no name, or is too long",
        "use names of up to 128 characters and values of up to 256")
    }
    guard !name.lowercased().hasPrefix("aws:"), !name.hasPrefix("mirrorctl:") else {
      throw settings.invalid(setting, "`\(name)` is reserved", "use another name")
    }
  }

  /// The rules of AMI names.
  private func check(name: String) throws(MirrorError) {
    let isAllowed: (UInt8) -> Bool = { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
      default: Array("()[] ./-'@_".utf8).contains(byte)
      }
    }
    guard (3...128).contains(name.utf8.count), name.utf8.allSatisfy(isAllowed) else {
      throw settings.invalid(
        "name", "`\(name)` is not a name of an AMI",
        "use 3 to 128 ASCII letters, digits, spaces and characters of ()[]./-'@_")
    }
  }

  /// The name of the image whose record has this file name.
  func name(of record: FileName) throws(MirrorError) -> String {
    if let givenName { return givenName }
    let text = "\(record)"
    let name =
      text.hasSuffix(CloudRecord.suffix) ? String(text.dropLast(CloudRecord.suffix.count)) : text
    try check(name: name)
    return name
  }

  /// The size of the root volume; nil for that of the snapshot.
  ///
  /// - Throws: if the disk does not fit.
  func volumeSize(_ gigabytes: Int) throws(MirrorError) -> Int? {
    guard let givenSize, givenSize < gigabytes else { return givenSize }
    throw settings.invalid(
      "volume-size", "is \(givenSize) GiB, but the disk has \(gigabytes) GiB", "use a larger number")
  }

  /// The tags of all resources of an export.
  func tags(_ record: CloudRecord) -> [String: String] {
    let own = ["Name": record.name, CloudRecord.tag: record.token, "mirrorctl:sha256": record.source.sha256]
    return ownTags.merging(own) { given, own in given.isEmpty ? own : given }
  }

  /// The architecture, as EC2 names it.
  func architecture(_ architecture: Architecture) throws(MirrorError) -> String {
    switch architecture {
    case .amd64: return "x86_64"
    case .arm64: return "arm64"
    case .x86: return "i386"
    default:
      throw MirrorError(
        .invalid, architecture.title, "is not an architecture of Amazon EC2", remedy: "use amd64 or arm64")
    }
  }
}

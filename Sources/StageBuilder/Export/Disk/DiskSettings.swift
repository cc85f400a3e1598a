import MirrorTools

/// How to make a disk from a stage: settings of `[section export/NAME]`.
struct DiskSettings: Sendable {
  enum FileSystem: String, CaseIterable { case ext4, btrfs }

  enum Variant: String, CaseIterable {
    case console
    case cloud = "cloud-init"
    /// cloud-init, if the stage has it.
    case automatic = "auto"
  }

  /// What a format uses unless the settings say otherwise.
  struct Defaults {
    var variant = Variant.console
    /// nil for those of the architecture.
    var consoles: [String]?
  }

  private enum Fstab: String, CaseIterable { case write, keep }

  /// Of the whole disk, in bytes; nil for what the stage needs, and some free space.
  let size: Int64?
  /// Of the EFI system partition, in bytes; nil for what the kernel needs, and space for others.
  let bootSize: Int64?
  let fileSystem: FileSystem
  let variant: Variant
  /// Parameters `console=` of the kernel, the main one last; nil for those of the architecture.
  let consoles: [String]?
  /// Further parameters of the kernel.
  let parameters: [String]
  let hostname: String?
  /// Where cloud-init looks for its data.
  let dataSources: [String]
  let needsInitramfs: Bool
  let keepsFstab: Bool

  init(_ settings: SettingsSection, _ defaults: Defaults = Defaults()) throws {
    size = try Self.size("size", settings)
    bootSize = try Self.size("esp", settings)
    if let bootSize, bootSize < DiskPlan.leastBootSize {
      throw settings.invalid("esp", "is less than 36M, the least size of FAT32", "use a larger size")
    }
    if try settings.text("filesystem") == "xfs" {
      throw settings.invalid(
        "filesystem",
        "xfs is not offered: mkfs.xfs cannot store hard links, extended attributes and sticky bits",
        "use ext4 or btrfs")
    }
    fileSystem = try settings.choice("filesystem", FileSystem.self) ?? .ext4
    variant = try settings.choice("variant", Variant.self) ?? defaults.variant
    consoles = try KernelParameters.consoles(settings) ?? defaults.consoles
    parameters = try KernelParameters.others(settings)
    hostname = try settings.text("hostname")
    dataSources =
      try settings.words("datasources") ?? ["NoCloud", "ConfigDrive", "OpenStack", "Ec2", "None"]
    needsInitramfs = try settings.flag("initramfs") ?? true
    keepsFstab = try settings.choice("fstab", Fstab.self) == .keep
    try check(settings)
  }

  private func check(_ settings: SettingsSection) throws {
    if let hostname, hostname.utf8.count > 64 || !hostname.utf8.allSatisfy({ isWordByte($0) }) {
      throw settings.invalid(
        "hostname", "`\(hostname)` is not a name of a host", "use letters, digits, - and .")
    }
    for source in dataSources where !source.utf8.allSatisfy({ isWordByte($0) }) {
      throw settings.invalid("datasources", "`\(source)` is not a name", "use names such as NoCloud or Ec2")
    }
  }

  private static func size(_ setting: String, _ settings: SettingsSection) throws -> Int64? {
    guard let bytes = try settings.bytes(setting) else { return nil }
    guard bytes % DiskPlan.unit == 0, bytes <= 1 << 44 else {
      throw settings.invalid(
        setting, "is not a multiple of 1M up to 16T", "use a number such as 4096M or 10G")
    }
    return bytes
  }
}

import LinuxSystem
import MirrorTools

/// How to make a live image from a stage: settings of `[section export/NAME]`.
struct ISOSettings: Sendable {
  /// The name of the volume; nil for one from the name of the system and the date.
  let label: String?
  /// Parameters `console=` of the kernel, the main one last; nil for those of the architecture.
  let consoles: [String]?
  /// Further parameters of the kernel.
  let parameters: [String]
  /// Seconds for which the menu is shown.
  let timeout: Int
  /// Makes the root.
  let root: SquashfsExport

  /// The longest name of a volume: ISO 9660, 8.4.6.
  private static let longestLabel = 32

  init(_ settings: SettingsSection) throws {
    label = try settings.text("label")
    if let label, label.utf8.count > Self.longestLabel || !label.utf8.allSatisfy(isNameByte) {
      throw settings.invalid(
        "label", "`\(label)` is not a label",
        "use up to \(Self.longestLabel) letters, digits, `-`, `_` and `.`")
    }
    consoles = try KernelParameters.consoles(settings)
    parameters = try KernelParameters.others(settings)
    if parameters.contains(where: { $0.contains { "\"'\\".contains($0) } }) {
      throw settings.invalid(
        "cmdline", "contains quotation marks or backslashes, which GRUB does not pass on", "remove them")
    }
    timeout = try settings.number("timeout", from: 0, to: 3600) ?? 5
    root = try SquashfsExport(try settings.part("squashfs", .squashfs))
  }

  /// The label of an image of a system at a time.
  ///
  /// - Parameter epoch: seconds since 1970.
  func label(of system: SystemName, epoch: Int64) -> String {
    if let label { return label }
    let name = system.identifier.utf8.filter(isNameByte).prefix(Self.longestLabel - 14)
    return String(decoding: Array(name), as: UTF8.self).uppercased() + "-LIVE-"
      + UTCText.digits(epoch).prefix(8)
  }
}

package import FlexData
package import LinuxSystem
package import MirrorModel

/// `[section test]`: how stages and images are tested.
package struct TrialSettings: Sendable {
  /// The firmware of a virtual machine.
  package enum Firmware: String, CaseIterable, Sendable {
    case uefi, bios, both
  }

  /// How a virtual machine sees the image.
  package enum Disk: String, CaseIterable, Sendable {
    case virtio, scsi, sata, usb
  }

  /// What a stage is checked with; nil for the built-in check.
  package var script: String?
  /// Seconds; nil for a usual limit.
  package var limit: Int?
  /// Bytes; nil for the usual size.
  package var memory: Int64?
  /// CPUs of a virtual machine; nil for the usual number.
  package var processors: Int?
  /// nil for that which the architecture usually has.
  package var firmware: Firmware?
  /// nil for that which suits the format.
  package var disk: Disk?
  /// A regular expression: a machine passes when it prints a line that contains it. nil for a login prompt.
  package var expected: String?
  /// Of an image; nil for that of this machine.
  package var architecture: Architecture?

  static func section(_ elements: Elements) -> SettingsSection {
    SettingsSection(
      "test", of: elements,
      known: ["script", "timeout", "memory", "cpus", "firmware", "disk", "expect", "architecture"])
  }

  /// Defaults.
  package init() {}

  /// Reads the settings.
  package init(_ elements: Elements) throws {
    let section = Self.section(elements)
    try section.check()
    script = try section.script("script").map { $0 + "\n" }
    limit = try section.seconds("timeout")
    memory = try section.bytes("memory")
    processors = try section.number("cpus", from: 1, to: 255)
    firmware = try section.choice("firmware")
    disk = try section.choice("disk")
    expected = try section.text("expect")
    architecture = try section.architecture("architecture")
    do throws(MirrorError) { try check() } catch {
      throw section.invalid("expect", error.problem, "use a regular expression")
    }
  }

  /// Throws if ``expected`` is not a regular expression.
  package func check() throws(MirrorError) {
    guard let expected, (try? Regex(expected)) == nil else { return }
    throw MirrorError(
      .invalid, "expect", "`\(expected)` is not a regular expression", remedy: "use a regular expression")
  }
}

extension SettingsSection {
  /// An architecture, by a name of a mirror's directory or Go's name; nil if not set.
  func architecture(_ setting: String) throws -> Architecture? {
    guard let text = try text(setting) else { return nil }
    if let given = Architecture(named: text) { return given }
    throw invalid(
      setting, "`\(text)` is not an architecture",
      "use one of: " + Architecture.allCases.compactMap(\.containerName).joined(separator: ", "))
  }
}

extension Architecture {
  /// From a name that people use: that of containers, or of a directory of a mirror.
  package init?(named text: String) {
    let own = Self.allCases.first { $0.containerName == text }
    guard let found = own ?? Architecture(directory: FileName(text)) else { return nil }
    self = found
  }
}

package import FlexData
package import MirrorModel

/// `[section export/NAME]`: how to make an image of a stage.
package struct ExportSection {
  package let format: ExportFormat
  /// That of the stage; nil to find it from its programs.
  package let architecture: Architecture?
  /// Whether the image must boot before it gets its name.
  package let isTested: Bool
  /// Reads the settings of the format.
  package let settings: SettingsSection
  /// Settings of sections of all formats.
  private static let shared = ["format", "source", "architecture", "test"]

  /// The section of this name; without `format`, it has that of its name.
  ///
  /// - Parameter format: the format, if the section need not name it.
  /// - Throws: for an unknown format or setting.
  package init(_ name: String, of elements: Elements, format: ExportFormat? = nil) throws {
    let reader = SettingsSection("export/\(name)", of: elements, known: [])
    let text = try reader.text("format")
    guard let format = format ?? ExportFormat(rawValue: text ?? name) else {
      let formats = ExportFormat.allCases.map(\.rawValue).joined(separator: ", ")
      throw reader.invalid(
        "format", text.map { "`\($0)` is not a format of images" } ?? "is not set", "use one of: \(formats)")
    }
    self.format = format
    settings = Self.reader(name, format, elements)
    if settings.isWhole { try settings.check() }
    architecture = try settings.architecture("architecture")
    isTested = try settings.flag("test") ?? false
    guard format.boots || !isTested else {
      let formats = ExportFormat.allCases.filter(\.boots).map(\.rawValue).joined(separator: ", ")
      throw settings.invalid(
        "test", "is not possible for format \(format.rawValue), which does not boot",
        "remove it, or use one of: \(formats)")
    }
  }

  /// The sections that elements define, to find unknown settings.
  static func sections(_ elements: Elements) -> [SettingsSection] {
    SettingsSection.names(in: "export", of: elements).map { name in
      let text = (try? elements.text("export/\(name)/format")).flatMap { $0 }
      return reader(name, ExportFormat(rawValue: text ?? name), elements)
    }
  }

  /// The sections of a format.
  static func sections(_ elements: Elements, of format: ExportFormat) -> [SettingsSection] {
    SettingsSection.names(in: "export", of: elements).compactMap { name in
      let text = (try? elements.text("export/\(name)/format")).flatMap { $0 } ?? name
      return text == format.rawValue ? reader(name, format, elements) : nil
    }
  }

  private static func reader(
    _ name: String, _ format: ExportFormat?, _ elements: Elements
  ) -> SettingsSection {
    // What belongs to an unknown format is unknown; the format itself is reported when it is used.
    let own = format?.settings ?? ExportFormat.allCases.flatMap(\.settings)
    return SettingsSection("export/\(name)", of: elements, settings: shared + own)
  }
}

import LinuxSystem
import MirrorModel
import MirrorTools
import StageTrees
import SystemPackage

/// Writes a stage as a distribution for the Windows Subsystem for Linux: its archive, compressed with gzip.
///
/// Source: Microsoft, "Build a Custom Linux Distribution for WSL".
struct WSLExport: ImageMaker {
  private let compression: CompressionSettings
  /// The user who logs in.
  private let user: String?
  /// The name under which the distribution is installed; nil for that of the image.
  private let name: String?
  /// Path of an icon on the host.
  private let icon: FilePath?
  /// Whether systemd runs; nil if the stage has it.
  private let systemd: Bool?

  let tools: [HostTool] = []

  init(_ settings: SettingsSection) throws {
    compression = try CompressionSettings(.gz, level: try settings.number("level", from: 1, to: 9) ?? 6)
    user = try Self.word("user", settings)
    name = try Self.word("name", settings)
    systemd = try settings.flag("systemd")
    icon = try settings.absolutePath("icon").map { FilePath($0) }
    if let icon { _ = try WSLFiles.icon(icon) }
  }

  /// A setting that is written to a file of settings; quotes are not defined there.
  private static func word(_ setting: String, _ settings: SettingsSection) throws -> String? {
    guard let text = try settings.text(setting) else { return nil }
    guard text.utf8.allSatisfy(isNameByte) else {
      throw settings.invalid(
        setting, "`\(text)` has other characters than letters, digits, `.`, `_` and `-`", "use these")
    }
    return text
  }

  func make(_ job: ExportJob) throws -> ExportedImage {
    let architecture = try job.architecture()
    let files = WSLFiles(
      user: user, name: try name ?? WSLFiles.name(of: job.image), icon: try icon.map(WSLFiles.icon),
      systemd: systemd)
    let work = try ExportWork.make(job)
    let image: FileName = "image.wsl"
    let report = try job.writeArchive(
      compression, edit: files.edit(epoch: job.epoch), into: try work.create(image))
    return ExportedImage(
      architecture: architecture,
      files: [try work.place(image, as: job.image, digests: report.digests)], notes: report.notes)
  }
}

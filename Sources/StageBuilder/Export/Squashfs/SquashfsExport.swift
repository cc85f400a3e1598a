import LinuxSystem
import MirrorModel
import MirrorTools
import StageTrees

/// Writes a stage as a squashfs image, from the stream of its archive.
///
/// `tar2sqfs` rather than `sqfstar`: it keeps owner, mode and time of the root, reads sparse members, and needs 14 MiB
/// instead of 800, for about a tenth more time.
struct SquashfsExport: ImageMaker {
  private enum Format: String, CaseIterable { case gz, xz, zst, lz4 }

  private let format: Format
  /// nil for the default of the program.
  private let level: Int?
  /// In bytes.
  private let blockSize: Int64

  let tools: [HostTool] = [.tar2sqfs]

  init(_ settings: SettingsSection) throws {
    format = try settings.choice("compression", Format.self) ?? .zst
    switch format {
    case .gz: level = try settings.number("level", from: 1, to: 9)
    case .zst: level = try settings.number("level", from: 1, to: 22)
    case .xz, .lz4:
      level = nil
      if try settings.text("level") != nil {
        throw settings.invalid(
          "level", "has no meaning for \(format.rawValue)", "remove it, or use gz or zst")
      }
    }
    blockSize = try settings.bytes("block-size") ?? 1 << 17
    guard blockSize.nonzeroBitCount == 1, (1 << 12...1 << 20).contains(blockSize) else {
      throw settings.invalid(
        "block-size", "is not a power of two from 4K to 1M", "use a number such as 128K")
    }
  }

  func make(_ job: ExportJob) throws -> ExportedImage {
    let architecture = try job.architecture()
    let work = try ExportWork.make(job)
    let image: FileName = "image.squashfs"
    let (archive, messages) = try job.run(
      ["tar2sqfs", "-q", "-c", compressor, "-b", "\(blockSize)", "-j", "\(job.threads)"]
        + options + ["\(work.path(image))"],
      reading: ArchiveEdit(epoch: job.epoch))
    // Such as attributes that the file system cannot store; the program does not name the files.
    let warnings = Set(messages.filter { $0.hasPrefix("WARNING: ") }).sorted().prefix(100)
    return ExportedImage(
      architecture: architecture, files: [try work.place(image, as: job.image)],
      notes: archive.notes + warnings.map { "tar2sqfs: \($0.dropFirst(9))" })
  }

  private var compressor: String {
    switch format {
    case .gz: "gzip"
    case .zst: "zstd"
    case .xz, .lz4: format.rawValue
    }
  }

  private var options: [String] {
    level.map { ["-X", "level=\($0)"] } ?? (format == .lz4 ? ["-X", "hc"] : [])
  }
}

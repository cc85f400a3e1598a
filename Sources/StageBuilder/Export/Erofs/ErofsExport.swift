import LinuxSystem
import MirrorModel
import MirrorTools

/// Writes a stage as an erofs image.
///
/// The program reads a directory. Unpacked by mirrorctl, it has attributes in one order, no sockets and no mounts.
struct ErofsExport: ImageMaker {
  private enum Format: String, CaseIterable { case none, lz4, lz4hc, lzma, deflate, zstd }

  private let format: Format
  /// nil for the default of the program.
  private let level: Int?
  /// Of compressed blocks, in bytes.
  private let blockSize: Int64
  private let uuid: String?

  let tools: [HostTool] = [.mkfsErofs]

  init(_ settings: SettingsSection) throws {
    format = try settings.choice("compression", Format.self) ?? .lz4hc
    let levels: ClosedRange<Int>? =
      switch format {
      case .none, .lz4: nil
      case .lz4hc: 0...12
      case .lzma, .deflate: 0...9
      case .zstd: 0...22
      }
    if let levels {
      level = try settings.number("level", from: levels.lowerBound, to: levels.upperBound)
    } else {
      level = nil
      if try settings.text("level") != nil {
        throw settings.invalid("level", "has no meaning for \(format.rawValue)", "remove it, or use lz4hc")
      }
    }
    blockSize = try settings.bytes("block-size") ?? 1 << 16
    guard blockSize % 4096 == 0, (1 << 12...1 << 20).contains(blockSize) else {
      throw settings.invalid(
        "block-size", "is not a multiple of 4K up to 1M", "use a number such as 64K")
    }
    uuid = try settings.text("uuid")
    if let uuid, !Self.isUUID(uuid) {
      throw settings.invalid("uuid", "`\(uuid)` is not a UUID", "use 36 characters, as printed by uuidgen")
    }
  }

  func make(_ job: ExportJob) throws -> ExportedImage {
    let architecture = try job.architecture()
    let work = try ExportWork.make(job)
    let (tree, notes) = try work.unpack()
    let image: FileName = "image.erofs"
    var command = [
      "mkfs.erofs", "--quiet", "-U",
      try uuid ?? ImageUUID.of(Array("mirrorctl export erofs \(job.epoch)".utf8)),
    ]
    if format != .none {
      command += ["-z\(format.rawValue)\(level.map { ",\($0)" } ?? "")", "-C\(blockSize)"]
    }
    // SOURCE_DATE_EPOCH is the time of the image, and the latest time in it; `-T` would replace all times.
    try job.run(command + ["\(work.path(image))", "\(tree)"])
    return ExportedImage(
      architecture: architecture, files: [try work.place(image, as: job.image)], notes: notes)
  }

  private static func isUUID(_ text: String) -> Bool {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    return parts.map(\.utf8.count) == [8, 4, 4, 4, 12]
      && parts.joined().utf8.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
  }
}

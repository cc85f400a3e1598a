import LinuxSystem
import MirrorTools
import SystemPackage

/// The format of the file that has a disk.
struct DiskContainer: Sendable {
  private enum Compression: String, CaseIterable { case none, zlib, zstd }

  /// Options of `qemu-img convert`; nil for the disk itself.
  private let options: [String]?

  var tools: [HostTool] { options == nil ? [] : [.qemuImage] }

  init(_ format: ExportFormat, _ settings: SettingsSection) throws {
    switch format {
    case .qcow2:
      switch try settings.choice("compression", Compression.self) ?? .zstd {
      case .none: options = ["-O", "qcow2"]
      case .zlib: options = ["-O", "qcow2", "-c", "-o", "compression_type=zlib"]
      case .zstd: options = ["-O", "qcow2", "-c", "-o", "compression_type=zstd"]
      }
    // Azure wants a fixed size, and no rounding to cylinders.
    case .vhd: options = ["-O", "vpc", "-o", "subformat=fixed,force_size=on"]
    case .vmdk: options = ["-O", "vmdk", "-o", "subformat=streamOptimized"]
    default: options = nil
    }
  }

  /// Converts the finished disk.
  ///
  /// - Returns: the name of the result.
  func convert(_ job: ExportJob, in directory: FilePath) throws(MirrorError) -> FileName {
    guard let options else { return DiskWriter.file }
    let result: FileName = "image"
    try job.run(
      ["qemu-img", "convert", "-f", "raw"] + options + ["\(DiskWriter.file)", "\(result)"], in: directory)
    return result
  }
}

import LinuxSystem
import MirrorModel
import MirrorTools
import StageTrees
import SystemPackage

/// Writes a stage as an image for Incus and LXD: a tarball of metadata and a squashfs image of the files, or both in
/// one tarball.
struct IncusExport: ImageMaker {
  private let isUnified: Bool
  /// Properties that replace the usual ones.
  private let properties: [String: String]

  let tools: [HostTool] = []

  private static let metadata: FileName = "metadata.yaml"

  init(_ settings: SettingsSection) throws {
    isUnified = try settings.flag("unified") ?? false
    properties = try settings.texts("property/")
    try IncusMetadata.check(properties, settings)
  }

  func make(_ job: ExportJob) throws -> ExportedImage {
    let architecture = try job.architecture()
    let name = try Self.stem(of: job.image)
    let metadata = try IncusMetadata(job, architecture, name: "\(name)", given: properties).bytes
    let work = try ExportWork.make(job)
    let (file, notes) = try unified(metadata, job, work)
    return ExportedImage(architecture: architecture, files: [file], notes: notes)
  }

  /// The name that the files of an image have in common.
  private static func stem(of image: FilePath) throws(MirrorError) -> FileName {
    let name = try image.fileName()
    return TarballName(name, .builtIn)?.stem ?? name
  }

  /// An image in one tarball: the metadata, and the files below `rootfs`.
  private func unified(
    _ metadata: [UInt8], _ job: ExportJob, _ work: borrowing ExportWork
  ) throws -> (ExportedFile, notes: [String]) {
    _ = try work.unpack()
    let files = try AnchoredDirectory(root: work.path)
    try files.makeDirectory("image", mode: 0o755)
    let image = try files.directory(FileName("image"))
    try image.take("tree", from: files, as: "rootfs")
    let file = try image.createFile(Self.metadata)
    let time = job.epoch * 1_000_000_000
    try attempt("write", image.displayed(Self.metadata)) { () throws(Errno) in
      try file.write(metadata)
      try file.setMode(0o644)
      try file.setTime(time)
      try image.descriptor.setMode(0o755)
      try image.descriptor.setTime(time)
    }
    let options = TreeCapture.Options(threads: job.threads, epoch: job.epoch)
    let report = try TreeCapture(options, cancellation: job.cancellation).capture(
      image, into: try work.create("image.tar.xz"))
    return (try work.place("image.tar.xz", as: job.image), report.notes)
  }
}

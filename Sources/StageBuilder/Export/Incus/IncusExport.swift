import LinuxSystem
import MirrorModel
import MirrorTools
import StageTrees
import SystemPackage

/// Writes a stage as an image for Incus and LXD: a tarball of metadata and a squashfs image of the files, or both in
/// one tarball.
struct IncusExport: ImageMaker {
  /// Makes the files of a split image; nil for one in one tarball.
  private let root: SquashfsExport?
  /// Makes the disk of virtual machines, if there is one.
  private let disk: DiskExport?
  /// Properties that replace the usual ones.
  private let properties: [String: String]

  let tools: [HostTool]

  private static let metadata: FileName = "metadata.yaml"
  private static let result: FileName = "image.tar.xz"

  init(_ settings: SettingsSection) throws {
    let root = try SquashfsExport(try settings.part("squashfs", .squashfs))
    let isUnified = try settings.flag("unified") ?? false
    self.root = isUnified ? nil : root
    let disk = try DiskExport(.qcow2, try settings.part("disk", .qcow2))
    let hasDisk = try settings.flag("disk") ?? false
    if isUnified && hasDisk {
      throw settings.invalid("disk", "is not possible in one tarball", "remove unified")
    }
    self.disk = hasDisk ? disk : nil
    tools = (isUnified ? [] : root.tools) + (hasDisk ? disk.tools : [])
    let usual = hasDisk ? ["requirements.secureboot": "false"] : [:]
    properties = usual.merging(try settings.texts("property/")) { $1 }
    try IncusMetadata.check(properties, settings)
  }

  func make(_ job: ExportJob) throws -> ExportedImage {
    let architecture = try job.architecture()
    var job = job
    job.givenArchitecture = architecture
    let name = try Self.stem(of: job.image)
    let metadata = try IncusMetadata(job, architecture, name: "\(name)", given: properties).bytes
    let work = try ExportWork.make(job)
    guard let root else {
      let (file, notes) = try unified(metadata, job, work)
      return ExportedImage(architecture: architecture, files: [file], notes: notes)
    }
    // Nothing gets its name before everything is made; the metadata comes last.
    var (names, notes): ([FileName], [String]) = ([], [])
    for (maker, format) in [(root, .squashfs), (disk, .qcow2)] as [((any ImageMaker)?, ExportFormat)] {
      guard let maker else { continue }
      let part = name.appending(format.suffix)
      notes += try maker.make(job.making(part, in: work.path)).notes
      names.append(part)
    }
    try split(metadata, job, work)
    let place = job.image.removingLastComponent()
    var files: [ExportedFile] = []
    for name in names { files.append(try work.place(name, as: place.appending("\(name)"))) }
    let image = try work.place(Self.result, as: job.image)
    return ExportedImage(architecture: architecture, files: [image] + files, notes: notes)
  }

  /// The name that the files of an image have in common.
  private static func stem(of image: FilePath) throws(MirrorError) -> FileName {
    let name = try image.fileName()
    return TarballName(name, .builtIn)?.stem ?? name
  }

  /// The metadata of an image whose files are beside it.
  private func split(
    _ metadata: [UInt8], _ job: ExportJob, _ work: borrowing ExportWork
  ) throws(MirrorError) {
    let plain: FileName = "metadata.tar"
    var archive = try ArchiveFile.begin(
      plain, in: try AnchoredDirectory(root: work.path), epoch: job.epoch, algorithms: [])
    try archive.add(metadata, as: "\(Self.metadata)")
    _ = try archive.commit(.ofThisProcess(mode: 0o600))
    let compression = try CompressionSettings(.xz)
    _ = try Recompression(compression, threads: job.threads, cancellation: job.cancellation).run(
      work.path(plain), into: try work.create(Self.result))
  }

  /// An image in one tarball: the metadata, and the files below `rootfs`.
  private func unified(
    _ metadata: [UInt8], _ job: ExportJob, _ work: borrowing ExportWork
  ) throws -> (ExportedFile, notes: [String]) {
    let notes = try work.unpack().notes
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
      image, into: try work.create(Self.result))
    return (try work.place(Self.result, as: job.image), notes + report.notes)
  }
}

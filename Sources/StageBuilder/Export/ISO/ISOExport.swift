import LinuxSystem
import MirrorModel
import MirrorTools
import StageTrees
import SystemPackage

/// Writes a stage as a live image for BIOS and UEFI: GRUB, a kernel with an initramfs of dracut, and the files in a
/// squashfs image.
///
/// Equal files and settings give equal bytes with the same versions of the programs.
struct ISOExport: ImageMaker {
  private let settings: ISOSettings

  let tools: [HostTool]

  /// The module of dracut that finds and mounts the root.
  private static let module = "dmsquash-live"

  init(_ settings: SettingsSection) throws {
    self.settings = try ISOSettings(settings)
    tools = self.settings.root.tools + [.xorriso, .grubImage, .mtools]
  }

  func make(_ job: ExportJob) throws -> ExportedImage {
    let architecture = try job.architecture()
    let live = try LiveMachine(architecture)
    var job = job
    job.givenArchitecture = architecture
    if job.isDirectory { _ = try Self.kernel(in: try AnchoredDirectory(root: job.source), job) }
    let work = try ExportWork.make(job)
    let tree = try tree(job, work)
    var notes = try copy(try Self.kernel(in: tree, job), of: tree, job, work)
    let system = SystemName(StageFiles(try tree.duplicate(), epoch: job.epoch))
    let root = try settings.root.make(job.making(ISOWriter.root, in: work.path))
    notes += root.notes
    let menu = GRUBMenu(
      title: system.title, label: settings.label(of: system, epoch: job.epoch),
      consoles: settings.consoles ?? live.machine.consoles, parameters: settings.parameters,
      timeout: settings.timeout)
    let digest = root.files.first?.digests[.sha256] ?? []
    let identifiers = DiskIdentifiers(digest + Array("\(architecture.title) \(job.epoch)".utf8))
    try ISOWriter(job: job, live: live, menu: menu, identifiers: identifiers).write(in: work)
    let image = try work.place(ISOWriter.result, as: job.image)
    return ExportedImage(architecture: architecture, files: [image], notes: notes)
  }

  /// The stage, or as much of a tarball as is needed here.
  private func tree(
    _ job: ExportJob, _ work: borrowing ExportWork
  ) throws(MirrorError) -> AnchoredDirectory {
    if job.isDirectory { return try AnchoredDirectory(root: job.source) }
    let files = try work.opened()
    try files.makeDirectory(ExportWork.tree, mode: 0o700)
    let tree = try files.directory(ExportWork.tree)
    try BootExtract(threads: job.threads, cancellation: job.cancellation).run(job.source, into: tree)
    return tree
  }

  private static func kernel(
    in tree: borrowing AnchoredDirectory, _ job: ExportJob
  ) throws(MirrorError) -> KernelSearch.Kernel {
    try BootFiles.kernel(in: tree, needsInitramfs: true, named: job.source)
  }

  /// Copies the kernel and its initramfs, which must be able to find the root.
  ///
  /// - Returns: what could not be checked.
  private func copy(
    _ kernel: KernelSearch.Kernel, of tree: borrowing AnchoredDirectory, _ job: ExportJob,
    _ work: borrowing ExportWork
  ) throws(MirrorError) -> [String] {
    let files = try work.opened()
    for (path, name) in [(kernel.path, ISOWriter.kernel), (kernel.initramfs, ISOWriter.initramfs)] {
      guard let path else { continue }
      var copy = try DurableFile(name, in: files)
      _ = try copy.append(try tree.file(path), tree.displayed(path))
      _ = try copy.commit(.ofThisProcess(mode: 0o600))
    }
    let place = "\(job.source): \(kernel.initramfs.map { "\($0)" } ?? "")"
    let file = try files.file(MirrorPath(bytes: ISOWriter.initramfs.bytes))
    switch try Initramfs.contains(Self.module, file, subject: place, job.cancellation) {
    case true: return []
    case nil:
      return ["\(place): cannot be read, so it is not known whether it has dracut's module \(Self.module)"]
    case false:
      throw MirrorError(
        .refused, place, "does not have dracut's module \(Self.module), which mounts the root of live images",
        remedy: """
          install dracut-live (Debian), or add a line `add_dracutmodules+=" \(Self.module) "` to a file in \
          /etc/dracut.conf.d (Gentoo) of the stage, and make the initramfs again
          """)
    }
  }
}

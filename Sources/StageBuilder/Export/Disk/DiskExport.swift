import LinuxSystem
import MirrorModel
import MirrorTools
import SystemPackage

/// Writes a stage as a disk that boots by UEFI: GPT, an EFI system partition with systemd-boot, and the root.
///
/// With ext4, the same files and settings give the same bytes in the formats raw and qcow2.
struct DiskExport: ImageMaker {
  private let container: DiskContainer
  private let settings: DiskSettings

  let tools: [HostTool]

  init(
    _ format: ExportFormat, _ settings: SettingsSection,
    _ defaults: DiskSettings.Defaults = DiskSettings.Defaults()
  ) throws {
    container = try DiskContainer(format, settings)
    self.settings = try DiskSettings(settings, defaults)
    tools = container.tools + [.sfdisk, .mtools] + self.settings.fileSystem.tools
  }

  func make(_ job: ExportJob) throws -> ExportedImage {
    let architecture = try job.architecture()
    let machine = try BootMachine(architecture)
    if job.isDirectory { _ = try find(in: try AnchoredDirectory(root: job.source), machine, job) }
    let work = try ExportWork.make(job)
    let (tree, notes) = try work.unpack()
    let files = StageFiles(try AnchoredDirectory(root: tree), epoch: job.epoch)
    let boot = try find(in: try files.tree.duplicate(), machine, job)
    let survey = try TreeSurvey(files.tree, cancellation: job.cancellation)
    let plan = try DiskPlan(settings, survey, boot, salt: "\(architecture.title) \(job.epoch)")
    let configuration = try RootConfiguration(settings, machine, plan.identifiers)
    let system = SystemName(files)
    try configuration.write(files, system)
    let disk = DiskWriter(job: job, directory: work.path, plan: plan)
    try disk.begin(try work.create(DiskWriter.file), machine)
    let entry = BootEntry(boot: boot, system: system, machine: machine, options: configuration.commandLine)
    try disk.writeBootPartition(entry, files)
    try disk.writeRoot(settings.fileSystem, try files.tree.status(), try work.create(DiskWriter.rootFile))
    let result = try container.convert(job, in: work.path)
    let image = try work.place(result, as: job.image)
    return ExportedImage(architecture: architecture, files: [image], notes: notes)
  }

  private func find(
    in tree: consuming AnchoredDirectory, _ machine: BootMachine, _ job: ExportJob
  ) throws(MirrorError) -> BootFiles {
    let boot = try BootFiles.find(
      in: tree, for: machine, needsInitramfs: settings.needsInitramfs, named: job.source)
    try RootConfiguration.check(settings, StageFiles(tree, epoch: job.epoch), named: "\(job.source)")
    return boot
  }
}

extension DiskSettings.FileSystem {
  /// The programs that make it.
  var tools: [HostTool] {
    switch self {
    case .ext4: [.mke2fs, .debugfs]
    case .btrfs: [.btrfs]
    }
  }
}

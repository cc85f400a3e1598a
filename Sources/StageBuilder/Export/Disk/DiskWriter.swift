import LinuxSystem
import SystemPackage

/// Writes the parts of a disk with programs of the host, without loop devices and mounts.
struct DiskWriter: Sendable {
  /// The disk.
  static let file: FileName = "disk"
  /// A file system that cannot be made in place.
  static let rootFile: FileName = "root"

  let job: ExportJob
  /// Where the files are. Programs run in it: their names of files have a syntax of their own.
  let directory: FilePath
  let plan: DiskPlan

  /// Writes the table of partitions.
  func begin(_ disk: consuming Descriptor, _ machine: BootMachine) throws(MirrorError) {
    try attempt("write", "\(job.image)") { () throws(Errno) in try disk.truncate(to: plan.size) }
    try job.run(
      ["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", "--wipe", "never", "\(Self.file)"],
      input: Array(try plan.table(machine).utf8), in: directory)
  }

  /// Makes the EFI system partition; its times are those of the files and of the image.
  func writeBootPartition(_ entry: BootEntry, _ files: borrowing StageFiles) throws(MirrorError) {
    let place = "\(Self.file)@@\(plan.bootOffset)"
    func mtools(_ command: [String], _ input: [UInt8] = []) throws(MirrorError) {
      try job.mtools(command, on: place, input: input, in: directory)
    }
    try mtools([
      "mformat", "-F", "-c", plan.bootSize <= 2 << 30 ? "1" : "8", "-v", "ESP", "-N",
      try plan.identifiers.serial(), "-T", "\(plan.bootSize / 512)", "-H", "\(plan.bootOffset / 512)", "-h",
      "255", "-s", "63", "::",
    ])
    try mtools(["mmd"] + entry.directories.map { "::/\($0)" })
    for (source, target) in entry.copies(of: files.tree) {
      try mtools(["mcopy", "-m", source, "::/\(target)"])
    }
    for (text, target) in entry.texts { try mtools(["mcopy", "-", "::/\(target)"], Array(text.utf8)) }
  }

  /// Makes the root from the unpacked files.
  ///
  /// - Parameter status: of their directory.
  func writeRoot(
    _ fileSystem: DiskSettings.FileSystem, _ status: FileStatus, _ spare: consuming Descriptor
  ) throws(MirrorError) {
    switch fileSystem {
    case .ext4: try Ext4Root(writer: self).write(status)
    case .btrfs:
      try attempt("write", "\(job.image)") { () throws(Errno) in try spare.truncate(to: plan.rootSize) }
      try job.run(
        [
          "mkfs.btrfs", "--quiet", "--label", "root", "--uuid", try plan.identifiers.uuid("file system"),
          "--rootdir", "\(ExportWork.tree)", "\(Self.rootFile)",
        ], in: directory)
      try job.run(
        [
          "dd", "if=\(Self.rootFile)", "of=\(Self.file)", "bs=1M", "seek=\(plan.rootOffset / DiskPlan.unit)",
          "conv=notrunc,sparse", "status=none",
        ], in: directory)
      try attempt("write", "\(job.image)") { () throws(Errno) in try spare.truncate(to: 0) }
    }
  }
}

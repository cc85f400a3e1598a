import LinuxSystem
import SystemPackage

/// An ext4 file system with the files of a directory, the same bytes for the same files.
///
/// mke2fs 1.47.0 reads a directory in the order of the names, but copies the ctime of its files, which no program
/// can set, and has its own time for the root. debugfs sets both.
struct Ext4Root {
  let writer: DiskWriter
  /// As known to kernels since 2016; the host's mke2fs.conf has no effect.
  private static let features = [
    "none", "has_journal", "ext_attr", "resize_inode", "dir_index", "filetype", "extent", "64bit", "flex_bg",
    "sparse_super", "large_file", "huge_file", "dir_nlink", "extra_isize", "metadata_csum",
  ]
  private static let block: Int64 = 4096

  private var plan: DiskPlan { writer.plan }
  private var environment: [String: String] {
    ["E2FSPROGS_FAKE_TIME": "\(writer.job.epoch)", "MKE2FS_CONFIG": "/dev/null", "MKE2FS_SYNC": "0"]
  }

  func write(_ status: FileStatus) throws(MirrorError) {
    let uuids = (try plan.identifiers.uuid("file system"), try plan.identifiers.uuid("hash"))
    let extended = [
      "offset=\(plan.rootOffset)", "hash_seed=\(uuids.1)", "root_owner=0:0", "nodiscard",
      "lazy_itable_init=0",
      "lazy_journal_init=0",
    ]
    try writer.job.run(
      [
        "mke2fs", "-q", "-F", "-b", "\(Self.block)", "-I", "256", "-N", "\(plan.nodes)", "-m", "1", "-L",
        "root",
        "-O", Self.features.joined(separator: ","), "-U", uuids.0, "-E", extended.joined(separator: ","),
        "-d",
        "\(ExportWork.tree)", "\(DiskWriter.file)", "\(plan.rootSize / Self.block)",
      ], environment: environment, in: writer.directory)
    try setTimes(status)
  }

  private func setTimes(_ status: FileStatus) throws(MirrorError) {
    let epoch = writer.job.epoch
    let time = min(epoch, max(0, status.identity.mtime / 1_000_000_000))
    // Inode 2 is the root. Before 11 there is nothing else of the tree; above, inodes are used in order.
    var script = [
      "sif <2> mode 0\(String(0o040000 | status.mode & 0o7777, radix: 8))",
      "sif <2> uid \(status.uid)",
      "sif <2> gid \(status.gid)", "sif <2> mtime @\(time)", "sif <2> ctime @\(epoch)",
      "sif <2> atime @\(epoch)",
    ]
    let last = try usedInodes()
    if last >= 11 {
      for inode in 11...last {
        script += ["sif <\(inode)> ctime @\(epoch)", "sif <\(inode)> atime @\(epoch)"]
      }
    }
    let text = script.joined(separator: "\n") + "\n"
    let command = ["debugfs", "-w", "-f", "-", "\(DiskWriter.file)?offset=\(plan.rootOffset)"]
    let messages = try writer.job.run(
      command, environment: environment, input: Array(text.utf8), in: writer.directory)
    // It prints its version, and ends with status 0 if a command of the script fails.
    if let error = messages.first(where: { !$0.hasPrefix("debugfs ") }) {
      throw writer.job.failure(of: command, "to set times: \(error)")
    }
  }

  /// The number of inodes that are not free, from the superblock.
  private func usedInodes() throws(MirrorError) -> UInt32 {
    let offset = plan.rootOffset + 1024
    let bytes = try attempt("read", "\(writer.job.image)") { () throws(Errno) in
      try Descriptor(reading: writer.directory.appending("\(DiskWriter.file)")).bytes(from: offset, count: 20)
    }
    guard bytes.count == 20 else {
      throw MirrorError(.library, "mke2fs", "did not make a file system")
    }
    func number(_ at: Int) -> UInt32 { bytes[at..<(at + 4)].reversed().reduce(0) { $0 << 8 | UInt32($1) } }
    return number(0) - min(number(0), number(16))
  }
}

import LinuxSystem
import SystemPackage

/// Writes a hybrid image, for discs and for USB drives, with programs of the host.
struct ISOWriter: Sendable {
  /// Files in the working directory, in which programs run: their names of files have a syntax of their own.
  static let root: FileName = "squashfs.img"
  static let kernel: FileName = "kernel"
  static let initramfs: FileName = "initramfs"
  static let result: FileName = "image"
  private static let search: FileName = "search.cfg"
  private static let menu: FileName = "grub.cfg"
  private static let bios: FileName = "bios.img"
  private static let program: FileName = "uefi.efi"
  private static let partition: FileName = "uefi.img"

  /// In the image, from its root.
  private static let biosPath = "boot/grub/bios.img"
  /// The type of an EFI system partition.
  private static let partitionType = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"

  let job: ExportJob
  let live: LiveMachine
  let menu: GRUBMenu
  let identifiers: DiskIdentifiers

  func write(in work: borrowing ExportWork) throws(MirrorError) {
    for (text, name) in [(menu.search, Self.search), (menu.text, Self.menu)] {
      let file = try work.create(name)
      try attempt("write", "\(work.path(name))") { () throws(Errno) in try file.write(Array(text.utf8)) }
    }
    if let bios = live.bios { try make(bios, Self.bios, in: work.path) }
    try make(live.uefi, Self.program, in: work.path)
    try makePartition(try work.create(Self.partition), in: work)
    try job.run(["xorriso", "-no_rc", "-as", "mkisofs"] + (try options()), in: work.path)
  }

  /// Makes a program of GRUB that finds the menu.
  private func make(
    _ platform: GRUBPlatform, _ name: FileName, in directory: FilePath
  ) throws(MirrorError) {
    try job.run(
      [
        "grub-mkimage", "-O", platform.format, "-d", platform.directory, "-p", "/boot/grub", "-c",
        "\(Self.search)", "-o", "\(name)",
      ] + platform.modules, in: directory)
  }

  /// Makes the file system from which UEFI starts GRUB.
  private func makePartition(
    _ partition: consuming Descriptor, in work: borrowing ExportWork
  ) throws(MirrorError) {
    let path = work.path(Self.program)
    let size = try attempt("examine", "\(path)") { () throws(Errno) in try path.status().size }
    let unit: Int64 = 1 << 20
    let whole = (size + unit + unit - 1) / unit * unit
    try attempt("write", "\(job.image)") { () throws(Errno) in try partition.truncate(to: whole) }
    let place = "\(Self.partition)"
    try job.mtools(
      [
        "mformat", "-v", "EFI", "-N", try identifiers.serial(), "-T", "\(whole / 512)", "-h", "64", "-s",
        "32", "::",
      ], on: place, in: work.path)
    try job.mtools(["mmd", "::/EFI", "::/EFI/BOOT"], on: place, in: work.path)
    try job.mtools(
      ["mcopy", "\(Self.program)", "::/EFI/BOOT/\(live.machine.programName)"], on: place, in: work.path)
  }

  /// Options in the manner of mkisofs. Times and identifiers are fixed, owners and modes are those of root.
  private func options() throws(MirrorError) -> [String] {
    let guid = try identifiers.uuid("disk")
    var options = [
      "-quiet", "-iso-level", "3", "-r", "-V", menu.label, "--set_all_file_dates", "=\(job.epoch)",
      "--modification-date=\(UTCText.digits(job.epoch))00", "--gpt_disk_guid", guid, "-partition_offset",
      "16",
      "-appended_part_as_gpt", "-append_partition", "2", Self.partitionType, "\(Self.partition)",
      "-c", "boot/boot.cat", "--boot-catalog-hide",
    ]
    if let bios = live.bios {
      options += [
        "--mbr-force-bootable", "--grub2-mbr", "\(bios.directory)/boot_hybrid.img", "-b", Self.biosPath,
        "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", "--grub2-boot-info",
        "-eltorito-alt-boot",
      ]
    }
    options += ["-e", "--interval:appended_partition_2:all::", "-no-emul-boot", "-o", "\(Self.result)"]
    var files = [
      ("LiveOS/squashfs.img", Self.root), (GRUBMenu.kernel, Self.kernel),
      (GRUBMenu.initramfs, Self.initramfs),
      (GRUBMenu.path, Self.menu),
    ]
    if live.bios != nil { files.append((Self.biosPath, Self.bios)) }
    return options + ["-graft-points"] + files.map { "\($0)=\($1)" }
  }
}

import LinuxSystem
import SystemPackage

/// The files of a stage that boot it.
struct BootFiles: Sendable {
  /// The path of a kernel in the stage.
  let kernel: MirrorPath
  let initramfs: MirrorPath?
  /// The version of the kernel.
  let version: String
  /// The path of systemd-boot.
  let loader: FilePath
  /// The size of the kernel and the initramfs, in bytes.
  let size: Int64

  /// Finds the newest kernel of a stage with its initramfs, and systemd-boot.
  ///
  /// - Parameter name: that of the stage, for messages.
  /// - Throws: if one of them is missing.
  static func find(
    in tree: borrowing AnchoredDirectory, for machine: BootMachine, needsInitramfs: Bool, named name: FilePath
  ) throws(MirrorError) -> BootFiles {
    let kernel = try Self.kernel(
      in: tree, needsInitramfs: needsInitramfs, named: name, orElse: ", or set initramfs to no")
    let loader = "usr/lib/systemd/boot/efi/systemd-boot\(machine.efiName).efi"
    return BootFiles(
      kernel: kernel.path, initramfs: kernel.initramfs, version: kernel.version,
      loader: try Self.loader(loader, in: tree, named: name), size: kernel.size)
  }

  /// Finds the newest kernel of a stage.
  ///
  /// - Parameters:
  ///   - name: that of the stage, for messages.
  ///   - alternative: what to do instead of installing an initramfs, for the message.
  /// - Throws: if there is none, or none has an initramfs.
  static func kernel(
    in tree: borrowing AnchoredDirectory, needsInitramfs: Bool, named name: FilePath,
    orElse alternative: String = ""
  ) throws(MirrorError) -> KernelSearch.Kernel {
    let kernels = try KernelSearch.kernels(in: tree)
    guard !kernels.isEmpty else {
      throw MirrorError(
        .refused, "\(name)", "has no kernel in /boot or /usr/lib/modules",
        remedy:
          "install linux-image-amd64 or similar (Debian), or sys-kernel/gentoo-kernel-bin (Gentoo) in the stage"
      )
    }
    guard let kernel = kernels.last(where: { !needsInitramfs || $0.initramfs != nil }) else {
      throw MirrorError(
        .refused, "\(name)", "has no initramfs for the kernel \(kernels.last?.version ?? "")",
        remedy: """
          install dracut or initramfs-tools (Debian), or sys-kernel/installkernel with USE=dracut before the kernel \
          (Gentoo) in the stage\(alternative)
          """)
    }
    return kernel
  }

  private static func loader(
    _ path: String, in tree: borrowing AnchoredDirectory, named name: FilePath
  ) throws(MirrorError) -> FilePath {
    if KernelSearch.size(MirrorPath(path), in: tree) != nil { return tree.root.appending(path) }
    let own = FilePath("/\(path)")
    if own.exists { return own }
    throw MirrorError(
      .refused, "\(name)", "has no boot loader /\(path), and this host has none",
      remedy:
        "install systemd-boot-efi (Debian), or sys-apps/systemd with USE=boot (Gentoo) in the stage or on the host"
    )
  }
}

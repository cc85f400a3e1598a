import LinuxSystem

/// What the EFI system partition has: systemd-boot, a kernel, and an entry of the Boot Loader Specification.
struct BootEntry: Sendable {
  let boot: BootFiles
  let system: SystemName
  let machine: BootMachine
  /// Parameters of the kernel.
  let options: String

  /// The directory of the kernel.
  private var place: String { "\(system.identifier)/\(boot.version)" }

  /// All directories, parents first.
  var directories: [String] {
    ["EFI", "EFI/BOOT", "EFI/systemd", "loader", "loader/entries", system.identifier, place]
  }

  /// Files of the stage or of the host, and their places.
  func copies(of tree: borrowing AnchoredDirectory) -> [(source: String, target: String)] {
    func path(_ member: MirrorPath) -> String { "\(tree.root)/\(member)" }
    var copies = [
      ("\(boot.loader)", "EFI/BOOT/\(machine.programName)"),
      ("\(boot.loader)", "EFI/systemd/systemd-boot\(machine.efiName).efi"),
      (path(boot.kernel), "\(place)/linux"),
    ]
    if let initramfs = boot.initramfs { copies.append((path(initramfs), "\(place)/initrd")) }
    return copies
  }

  /// Files with these texts.
  var texts: [(text: String, target: String)] {
    let initrd = boot.initramfs == nil ? "" : "initrd /\(place)/initrd\n"
    let entry = """
      title \(system.title)
      version \(boot.version)
      sort-key \(system.identifier)
      architecture \(machine.efiName)
      options \(options)
      linux /\(place)/linux
      \(initrd)
      """
    return [
      ("timeout 0\n", "loader/loader.conf"), ("type1\n", "loader/entries.srel"),
      (entry, "loader/entries/\(system.identifier)-\(boot.version).conf"),
    ]
  }
}

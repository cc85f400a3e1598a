import LinuxSystem

/// The files that make a stage the root of a disk.
struct RootConfiguration: Sendable {
  let settings: DiskSettings
  let consoles: [String]
  /// The parameters of the kernel.
  let commandLine: String
  let identifiers: DiskIdentifiers
  private static let made = "# Made by mirrorctl export.\n"

  init(_ settings: DiskSettings, _ machine: BootMachine, _ identifiers: DiskIdentifiers) throws(MirrorError) {
    self.settings = settings
    self.identifiers = identifiers
    consoles = settings.consoles ?? machine.consoles
    let root = [
      "root=PARTUUID=\(try identifiers.rootPartition())", "rootfstype=\(settings.fileSystem.rawValue)", "rw",
    ]
    commandLine = (root + consoles.map { "console=\($0)" } + settings.parameters).joined(separator: " ")
  }

  /// Where the root mounts the EFI system partition.
  static func mountPoint(_ files: borrowing StageFiles) -> MirrorPath {
    !files.has("efi") && files.has("boot/efi") ? "boot/efi" : "efi"
  }

  /// Fails unless the stage has what a variant needs.
  static func check(
    _ settings: DiskSettings, _ files: borrowing StageFiles, named name: String
  ) throws(MirrorError) {
    guard settings.variant == .cloud, !files.has("usr/bin/cloud-init") else { return }
    throw MirrorError(
      .refused, name, "has no /usr/bin/cloud-init",
      remedy:
        "install cloud-init (Debian) or app-emulation/cloud-init (Gentoo) in the stage, or set variant to console"
    )
  }

  /// Writes them.
  func write(_ files: borrowing StageFiles, _ system: SystemName) throws(MirrorError) {
    let mountPoint = Self.mountPoint(files)
    try files.directory(mountPoint)
    if !settings.keepsFstab {
      let fileSystem = settings.fileSystem.rawValue
      let check = settings.fileSystem == .ext4 ? 1 : 0
      try files.write(
        Self.made + """
          PARTUUID=\(try identifiers.rootPartition()) / \(fileSystem) defaults 0 \(check)
          PARTUUID=\(try identifiers.bootPartition()) /\(mountPoint) vfat umask=0077,nofail 0 0

          """, to: "etc/fstab")
    }
    // Later kernels get the same parameters, at the place of this one.
    if files.has("usr/bin/kernel-install") || files.has("sbin/installkernel") {
      try files.write("\(commandLine)\n", to: "etc/kernel/cmdline")
      try files.write("\(system.identifier)\n", to: "etc/kernel/entry-token")
    }
    try writeName(files)
    // Each machine gets its own.
    if try files.text("etc/machine-id")?.isEmpty == false { try files.write("", to: "etc/machine-id") }
    try writeInittab(files)
    try writeCloud(files)
  }

  private func writeName(_ files: borrowing StageFiles) throws(MirrorError) {
    guard let hostname = settings.hostname else { return }
    try files.write("\(hostname)\n", to: "etc/hostname")
    if files.has("etc/conf.d/hostname") {
      try files.write(Self.made + "hostname=\"\(hostname)\"\n", to: "etc/conf.d/hostname")
    }
  }

  /// systemd starts a login at each console by itself; OpenRC reads a table.
  private func writeInittab(_ files: borrowing StageFiles) throws(MirrorError) {
    guard var text = try files.text("etc/inittab") else { return }
    let ports = consoles.map { String($0.prefix { $0 != "," }) }.filter { $0 != "tty0" }
    let active = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
    let missing = ports.filter { port in !active.contains { $0.contains(port) } }
    guard !missing.isEmpty else { return }
    if !text.hasSuffix("\n") { text += "\n" }
    for (number, port) in missing.enumerated() {
      text += "m\(number):12345:respawn:/sbin/agetty -L 115200 \(port) vt100\n"
    }
    try files.write(text, to: "etc/inittab")
  }

  private func writeCloud(_ files: borrowing StageFiles) throws(MirrorError) {
    guard files.has("usr/bin/cloud-init") else { return }
    guard settings.variant != .console else {
      return try files.write("", to: "etc/cloud/cloud-init.disabled")
    }
    let sources = settings.dataSources.joined(separator: ", ")
    try files.write(
      Self.made + "datasource_list: [ \(sources) ]\n", to: "etc/cloud/cloud.cfg.d/95_mirrorctl.cfg")
  }
}

/// The name of the system in a stage: os-release(5).
struct SystemName: Sendable {
  /// `gentoo`.
  let identifier: String
  let title: String

  init(_ files: borrowing StageFiles) {
    let texts = (["etc/os-release", "usr/lib/os-release"] as [MirrorPath]).compactMap { path in
      (try? files.text(path)).flatMap { $0 }
    }
    func value(_ name: String) -> String? {
      for line in (texts.first ?? "").split(separator: "\n") where line.hasPrefix("\(name)=") {
        return line.dropFirst(name.count + 1).filter { $0 != "\"" && $0 != "'" }
      }
      return nil
    }
    let given = (value("ID") ?? "").lowercased().filter { $0.utf8.allSatisfy(isWordByte) }
    identifier = given.isEmpty ? "linux" : String(given.prefix(32))
    let text = (value("PRETTY_NAME") ?? value("NAME") ?? "Linux").unicodeScalars.filter(\.isPrintable)
    title = String(String.UnicodeScalarView(text)).cut(to: 80)
  }
}

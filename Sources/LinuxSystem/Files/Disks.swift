import SystemPackage

/// The disks under file systems, as reported by the kernel in sysfs.
package struct Disks: Sendable {
  private let sysfs: String
  private let mountinfo: String

  /// Reads these files.
  package init(sysfs: String = "/sys", mountinfo: String = "/proc/self/mountinfo") {
    self.sysfs = sysfs
    self.mountinfo = mountinfo
  }

  /// The rotational disk under a file system, by a name that its partitions share; nil for any other kind.
  ///
  /// A virtual machine's disk does not count: it reports `rotational` whatever the real device is.
  package func rotational(under device: UInt64) -> String? {
    let (major, minor) = (device >> 32, device & 0xffff_ffff)
    guard let block = resolved("\(sysfs)/dev/block/\(major):\(minor)") ?? source(of: "\(major):\(minor)")
    else {
      return nil
    }
    let isPartition = FilePath("\(block)/partition").exists
    guard let disk = isPartition ? resolved("\(block)/..") : block,
      ProcFile.text("\(disk)/queue/rotational")?.first == "1"
    else { return nil }
    let isVirtual = disk.split(separator: "/").contains { $0.hasPrefix("virtio") || $0.hasPrefix("vbd-") }
    return isVirtual ? nil : disk
  }

  /// The number of threads that read files on these devices: the requested number if given; one for a
  /// rotational disk, whose head can be in only one place; otherwise one per CPU.
  package static func threads(over devices: some Sequence<UInt64>, asked: Int?) -> Int {
    if let asked { return asked }
    let disks = Disks()
    return Set(devices).contains { disks.rotational(under: $0) != nil } ? 1 : Workers.processors
  }

  /// The block device of a file system that uses device numbers of its own, such as Btrfs.
  private func source(of number: String) -> String? {
    for line in ProcFile.text(mountinfo)?.split(separator: "\n") ?? [] {
      let fields = line.split(separator: " ")
      guard fields.count > 2, fields[2] == number, let dash = fields.firstIndex(of: "-"),
        dash + 2 < fields.count, let device = resolved(String(fields[dash + 2])),
        device.hasPrefix("/dev/"), let name = device.split(separator: "/").last
      else { continue }
      return resolved("\(sysfs)/class/block/\(name)")
    }
    return nil
  }

  private func resolved(_ path: String) -> String? { FilePath(path).resolved?.string }
}

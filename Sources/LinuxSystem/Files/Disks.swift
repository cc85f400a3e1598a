import SystemPackage

/// The disks that file systems lie on, as the kernel tells in sysfs.
package struct Disks: Sendable {
  private let sysfs: String
  private let mountinfo: String

  /// As these files tell of them.
  package init(sysfs: String = "/sys", mountinfo: String = "/proc/self/mountinfo") {
    self.sysfs = sysfs
    self.mountinfo = mountinfo
  }

  /// The rotational disk under a file system, by a name that its partitions share; nil for any other.
  ///
  /// A virtual machine's disk counts as none: it says `rotational` whatever lies beneath.
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

  /// How many threads read files on these devices: as many as were asked for, one for a rotational disk, whose
  /// head can be in one place only, and else one a processor.
  package static func threads(over devices: some Sequence<UInt64>, asked: Int?) -> Int {
    if let asked { return asked }
    let disks = Disks()
    return Set(devices).contains { disks.rotational(under: $0) != nil } ? 1 : Workers.processors
  }

  /// The block device under a file system that has no number of its own there, as Btrfs.
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

@testable import LinuxSystem
import Foundation
import TestSupport
import Testing

/// A sysfs with a rotational SATA disk of two partitions, a solid one, a virtual one, and a logical volume.
private struct Machine {
  let root: TestMirror
  let disks: Disks

  init() throws {
    root = try TestMirror()
    let ata = "sys/devices/pci0000:00/0000:00:17.0/ata1/host0"
    try root.file("\(ata)/block/sda/queue/rotational", "1\n")
    try root.file("\(ata)/block/sda/sda1/partition", "1\n")
    try root.file("\(ata)/block/sda/sda2/partition", "2\n")
    try root.file("sys/devices/pci0000:00/nvme/nvme0n1/queue/rotational", "0\n")
    try root.file("sys/devices/pci0000:00/virtio1/block/vda/queue/rotational", "1\n")
    try root.file("sys/devices/virtual/block/dm-0/queue/rotational", "1\n")
    for (number, place) in [
      "8:0": "../../\(ata.dropFirst(4))/block/sda", "8:1": "../../\(ata.dropFirst(4))/block/sda/sda1",
      "8:2": "../../\(ata.dropFirst(4))/block/sda/sda2",
      "259:0": "../../devices/pci0000:00/nvme/nvme0n1",
      "254:0": "../../devices/pci0000:00/virtio1/block/vda",
      "253:0": "../../devices/virtual/block/dm-0",
    ] {
      try root.link("sys/dev/block/\(number)", to: place)
    }
    try root.link("sys/class/block/null", to: "../../../\(ata)/block/sda/sda2")
    // The only device node that exists on every machine stands for that of a partition.
    try root.file(
      "mountinfo",
      """
      22 27 0:21 / /proc rw,relatime - proc proc rw
      40 27 0:45 /@srv /srv rw,relatime shared:1 - btrfs /dev/null rw,subvolid=257
      41 27 0:46 / /tmp rw - tmpfs tmpfs rw

      """)
    disks = Disks(sysfs: root.path("sys"), mountinfo: root.path("mountinfo"))
  }

  func rotational(_ major: UInt64, _ minor: UInt64) -> String? {
    disks.rotational(under: major << 32 | minor)?.split(separator: "/").last.map(String.init)
  }
}

@Suite("A rotational disk") struct DisksTests {
  @Test("is one for all its partitions")
  func oneForAll() throws {
    let machine = try Machine()
    #expect(machine.rotational(8, 0) == "sda")
    #expect(machine.rotational(8, 1) == "sda")
    #expect(machine.rotational(8, 2) == "sda")
  }

  @Test("is found under a logical volume, and under Btrfs by its mount")
  func foundUnderLogical() throws {
    let machine = try Machine()
    #expect(machine.rotational(253, 0) == "dm-0")
    #expect(machine.rotational(0, 45) == "sda")
  }

  @Test("is not a solid one, a virtual machine's, memory, or an unknown one")
  func neitherSolidOne() throws {
    let machine = try Machine()
    #expect(machine.rotational(259, 0) == nil)
    #expect(machine.rotational(254, 0) == nil)
    #expect(machine.rotational(0, 46) == nil)
    #expect(machine.rotational(7, 7) == nil)
  }
}

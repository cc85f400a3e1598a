import LinuxSystem
import StageTrees
import SystemPackage
import TestSupport
import Testing

@Suite("the names in an initramfs") struct InitramfsTests {
  @Test(
    "are found in every compression of kernels, also behind microcode",
    arguments: [
      ("cat main.cpio > it", true), ("gzip -c main.cpio > it", true),
      ("xz -c --check=crc32 main.cpio > it", true),
      ("zstd -qc main.cpio > it", true), ("lz4 -qlc main.cpio > it", true), ("bzip2 -c main.cpio > it", true),
      ("xz -c --format=lzma main.cpio > it", true), ("cat early.cpio > it; zstd -qc main.cpio >> it", true),
      ("cat early.cpio early.cpio main.cpio > it", true),
      ("cat early.cpio > it; head -c 5000 /dev/zero >> it; gzip -c main.cpio >> it", true),
      ("cat early.cpio > it", false), ("gzip -c early.cpio > it", false), (": > it", false),
      ("head -c 9000 /dev/zero > it", false),
      // What cannot be read is not known.
      ("echo 'not an initramfs' > it", nil), ("printf '\\211LZO\\0 and more' > it", nil),
      ("head -c 200 early.cpio > it", nil), ("gzip -c main.cpio | head -c 40 > it", nil),
    ] as [(String, Bool?)])
  func names(make: String, expected: Bool?) throws {
    let workspace = try Workspace()
    try workspace.shell(
      """
      mkdir -p a/kernel/x86/microcode b/usr/sbin; head -c 70000 /dev/urandom > a/kernel/x86/microcode/GenuineIntel.bin
      echo program > b/usr/sbin/first; echo program > b/usr/sbin/wanted-root
      bsdtar --format newc -C a -cf early.cpio kernel; bsdtar --format newc -C b -cf main.cpio usr
      \(make)
      """)
    let file = try Descriptor(reading: workspace.path.appending("it"))
    #expect(try Initramfs.contains("wanted", file, subject: "it", Cancellation()) == expected)
  }
}

import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@testable import StageBuilder

@Suite("kernels of a stage") struct KernelSearchTests {
  @Test("are ordered by their versions")
  func order() {
    let versions = [
      "5.10.0-9-amd64", "5.10.0-10-amd64", "6.1.0-57-amd64", "6.9.12-gentoo", "6.12-rc1", "6.12", "6.12.3",
      "6.12.10",
    ]
    for (index, version) in versions.enumerated() {
      for later in versions[(index + 1)...] {
        #expect(KernelSearch.isOlder(version, later), "\(version) \(later)")
        #expect(!KernelSearch.isOlder(later, version), "\(later) \(version)")
      }
      #expect(!KernelSearch.isOlder(version, version))
    }
  }

  @Test(
    "are found with their initramfs, as distributions name them",
    arguments: [
      ("boot/vmlinuz-6.1.0-57-amd64", "boot/initrd.img-6.1.0-57-amd64"),
      ("boot/kernel-6.12.3-gentoo-dist", "boot/initramfs-6.12.3-gentoo-dist.img"),
      ("boot/kernel-debian-sources-x86_64-6.6.1", "boot/initramfs-debian-sources-x86_64-6.6.1"),
      ("usr/lib/modules/6.12.3/vmlinuz", "boot/initramfs-6.12.3.img"),
      ("usr/lib/modules/6.12.3/vmlinuz", "usr/lib/modules/6.12.3/initrd"),
      ("boot/gentoo/6.12.3/linux", "boot/gentoo/6.12.3/initrd"),
    ])
  func names(kernel: String, initramfs: String) throws {
    let workspace = try Workspace()
    try workspace.shell(
      """
      for file in \(kernel) \(initramfs); do mkdir -p "root/${file%/*}"; echo $file > root/$file; done
      mkdir -p root/boot; ln -s ../etc/passwd root/boot/vmlinuz-99; mkdir root/boot/vmlinuz-98; : > root/boot/vmlinuz-97
      """)
    let tree = try AnchoredDirectory(root: workspace.path.appending("root"))
    let found = try KernelSearch.kernels(in: tree)
    #expect(found.map { "\($0.path)" } == [kernel])
    #expect(found.first?.initramfs.map { "\($0)" } == initramfs)
  }
}

import FlexData
import TestSupport
import Testing

@Suite("The target vm") struct VirtualMachineTests {
  @Test(
    "has a kernel, a network client and a login on the serial port, and cloud-init on request",
    arguments: [
      ("x86-64bit", "no", "sys-kernel/gentoo-kernel-bin net-misc/dhcpcd", "ttyS0"),
      (
        "arm-64bit", "yes", "sys-kernel/gentoo-kernel-bin net-misc/dhcpcd app-emulation/cloud-init", "ttyAMA0"
      ),
    ])
  func settings(arch: String, cloud: String, packages: String, console: String) throws {
    let elements = try SpecSite("[section vm]\ncloud-init: \(cloud)", arch: arch).elements("vm")
    #expect(try elements.text("stage4/target/packages")?.hasPrefix(packages) == true)
    #expect(try elements.text("vm/consoles") == console)
    let script = try #require(try elements.lines("steps/chroot/run"))
    #expect(script.contains { $0.hasPrefix("cloud-init-local:boot ") } == (cloud == "yes"))
    // The flags come before the packages, and the initramfs is for all machines.
    let flags = try #require(script.firstIndex(of: "sys-kernel/installkernel dracut systemd systemd-boot"))
    let merge = try #require(script.firstIndex { $0.hasPrefix(packages) })
    #expect(flags < merge)
  }

  @Test("is made by real Portage", .enabled(if: PortageSite.isPossible))
  func built() throws {
    let site = try PortageSite(
      """
      [section vm]
      kernel: app-misc/hello
      packages: app-misc/tool
      services: dhcpcd
      package.use: [
      app-misc/hello foo
      ]
      [section stage4 when target is vm]
      packages: app-misc/extra
      services: web
      overlay: $[path/config]/overlay
      """)
    // Stand-ins for programs that this seed lacks.
    try site.workspace.shell(
      """
      mkdir -p overlay/usr/sbin overlay/etc/init.d; : > overlay/etc/init.d/dhcpcd; : > overlay/etc/init.d/web
      printf '#!/bin/sh\\necho "$*" >> /srv/calls\\n' > overlay/usr/sbin/rc-update; chmod 755 overlay/usr/sbin/rc-update
      printf 'c1:12345:respawn:/sbin/agetty 38400 tty1\\n#s0:12345:respawn:/sbin/agetty -L ttyS0\\n' > overlay/etc/inittab
      """)
    let version = "2026-11-23"
    try #require(try site.build(version, "target:", "snapshot").status == 0)
    let outcome = try site.build(version, "target:", "vm")
    let log = site.text("\(version)/log/vm.txt") ?? ""
    try #require(outcome.status == 0, "\(outcome.errorText)\n\(log.suffix(4000))")
    let stage = "\(version)/vm-generic_64-gentoo-\(version).tar"
    let names = try site.names(in: stage)
    #expect(names.isSuperset(of: ["./usr/bin/hello", "./usr/bin/tool", "./usr/bin/extra"]))
    let flags = try #require(names.first { $0.hasSuffix("/USE") && $0.contains("app-misc/hello-") })
    #expect(try site.file(flags, in: stage)?.split(whereSeparator: \.isWhitespace).contains("foo") == true)
    #expect(try site.file("./etc/portage/package.use/00vm", in: stage) == "app-misc/hello foo\n")
    #expect(try site.file("./etc/dracut.conf.d/vm.conf", in: stage) == "hostonly=\"no\"\n")
    let port = PortageSite.subarch[1].hasPrefix("arm") ? "ttyAMA0" : "ttyS0"
    #expect(try site.file("./etc/kernel/cmdline", in: stage) == "rw console=tty0 console=\(port)\n")
    #expect(try site.file("./etc/kernel/entry-token", in: stage) == "debian\n")
    #expect(try site.file("./srv/calls", in: stage) == "add dhcpcd default\nadd web default\n")
    #expect(
      try site.file("./etc/inittab", in: stage)?.hasSuffix(
        "\nv0:12345:respawn:/sbin/agetty -L 115200 \(port) vt100\n") == true)
  }
}

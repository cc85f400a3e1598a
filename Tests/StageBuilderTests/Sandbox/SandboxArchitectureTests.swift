import LinuxSystem
@testable import MirrorModel
import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import StageBuilder

@Suite("The programs of a root") struct ProgramsRootTests {
  private static let x86 = ProgramHeader.Machine(class: 2, number: 62)

  private static func header(class: UInt8, machine: UInt16) -> ProgramHeader {
    ProgramHeader(.init(class: `class`, number: machine))
  }

  private static func entry(_ state: String = "enabled", flags: String) throws -> ForeignArchitecture.Entry {
    // As registered by Debian.
    let text = """
      \(state)
      interpreter /usr/bin/qemu-aarch64-static
      flags: \(flags)
      offset 0
      magic 7f454c460201010000000000000000000200b700
      mask ffffffffffffff00fffffffffffffffffeffffff

      """
    return try #require(ForeignArchitecture.Entry(name: "qemu-aarch64", text))
  }

  /// A kernel and the emulators that are installed, by QEMU's names.
  private static func own(_ kernel: String, _ installed: String...) -> OwnRegistration {
    OwnRegistration(kernel: kernel) { architecture in
      guard let name = architecture.emulatorName, installed.contains(name) else { return nil }
      return Emulator(name: "qemu-\(name)", path: "/opt/qemu-\(name)", machine: architecture.machine)
    }
  }

  private static let none = own("6.1.0-42-amd64")

  @Test("of this machine and of its 32-bit variant run natively")
  func thisMachine32() throws {
    let machine = ForeignArchitecture(host: Self.x86, entries: [], own: Self.own("6.18.0", "i386", "x86_64"))
    #expect(try machine.means(for: Self.header(class: 2, machine: 62), of: "seed") == .native)
    #expect(try machine.means(for: Self.header(class: 1, machine: 3), of: "seed") == .native)
    #expect(try machine.means(for: Self.header(class: 1, machine: 62), of: "seed") == .native)
  }

  @Test("of another architecture run under the registered emulator")
  func anotherRunEmulator() throws {
    let header = Self.header(class: 2, machine: 183)
    let opened = ForeignArchitecture(host: Self.x86, entries: [try Self.entry(flags: "OCF")], own: Self.none)
    #expect(try opened.means(for: header, of: "seed") == .emulated(by: "/usr/bin/qemu-aarch64-static"))
    let inside = ForeignArchitecture(host: Self.x86, entries: [try Self.entry(flags: "OC")], own: Self.none)
    #expect(try inside.means(for: header, of: "seed") == .emulatedInside(by: "/usr/bin/qemu-aarch64-static"))
  }

  @Test("of another architecture run under an emulator of each step's own, if the host does not serve them")
  func registered() throws {
    let header = Self.header(class: 2, machine: 183)
    let own = Self.own("6.7.0-rc1", "aarch64", "arm")
    func means(_ entries: [ForeignArchitecture.Entry]) throws -> ForeignArchitecture.Means {
      try ForeignArchitecture(host: Self.x86, entries: entries, own: own).means(for: header, of: "seed")
    }
    // 32-bit programs of the same processors run, too.
    let expected = ["aarch64", "arm"].map { "/opt/qemu-\($0)" }
    for entries in [[], [try Self.entry("disabled", flags: "F")], [try Self.entry(flags: "OC")]] {
      #expect(try means(entries).emulators.map(\.path) == expected)
    }
    #expect(try means([try Self.entry(flags: "F")]) == .emulated(by: "/usr/bin/qemu-aarch64-static"))
  }

  @Test("match a registration whatever their ABI is, as Debian's registrations do")
  func registration() throws {
    let emulator = Emulator(name: "qemu-ppc64", path: "/opt/qemu-ppc64", machine: Architecture.ppc64.machine)
    let parts = emulator.registration.replacing("\\x", with: "").split(separator: ":").map(String.init)
    #expect(
      parts == [
        "qemu-ppc64", "M", "0", "7f454c46020201000000000000000000" + "00030015",
        "ffffffffffffff0000ffffffffffffff" + "fffeffff", "/opt/qemu-ppc64", "FPC",
      ])
    let arm = Emulator(name: "a", path: "/a", machine: Architecture.arm64.machine).registration
    #expect(arm.contains(#":\x7f\x45\x4c\x46\x02\x01\x01\x00"#) && arm.contains(#"\xfe\xff\xff\xff:/a:FPC"#))
  }

  @Test("need an emulator that runs in any root")
  func staticEmulators() throws {
    let workspace = try Workspace()
    try workspace.shell(
      "cp /bin/busybox whole; cp /bin/ls dynamic; echo '#!/bin/sh' > script; head -c 64 whole > cut")
    let found = ["whole", "dynamic", "script", "cut", "gone"].filter {
      ProgramHeader.isStatic(workspace.path.appending($0))
    }
    #expect(found == ["whole"])
  }

  @Test("of another architecture without an emulator are refused", arguments: [nil, "disabled"])
  func anotherWithoutOne(state: String?) throws {
    let entries = try state.map { [try Self.entry($0, flags: "F")] } ?? []
    let machine = ForeignArchitecture(
      host: Self.x86, entries: entries, own: Self.own("6.1.0-42-amd64", "aarch64"))
    let error = #expect(throws: MirrorError.self) {
      try machine.means(for: Self.header(class: 2, machine: 183), of: "seed.tar.xz")
    }
    #expect(
      error?.description == """
        seed.tar.xz: contains programs for 64-bit ARM, which this machine cannot run: \
        no emulator is registered, and Linux 6.1.0-42-amd64 cannot register one for a build alone (6.7 can): \
        install qemu-user-static and binfmt-support (Debian), or build on such a machine
        """)
    let newer = ForeignArchitecture(host: Self.x86, entries: entries, own: Self.own("6.18.44", "arm"))
    let missing = #expect(throws: MirrorError.self) {
      try newer.means(for: Self.header(class: 2, machine: 183), of: "seed.tar.xz")
    }
    #expect(
      missing?.description == """
        seed.tar.xz: contains programs for 64-bit ARM, which this machine cannot run: \
        no static qemu-aarch64 is installed: \
        install qemu-user-static (Debian) or QEMU with static user targets, or build on such a machine
        """)
  }

  @Test("do not match an emulator of a third architecture")
  func notTakenFor() throws {
    let machine = ForeignArchitecture(host: Self.x86, entries: [try Self.entry(flags: "F")], own: Self.none)
    #expect(throws: MirrorError.self) {
      try machine.means(for: Self.header(class: 2, machine: 243), of: "seed")
    }
  }

  @Test("are known before they are unpacked, and after")
  func knownBeforeThey() throws {
    let root = try SandboxRoot()
    try root.directory.shell("tar -C root -cJf seed.tar.xz . && tar -cf empty.tar -T /dev/null")
    let machine = ForeignArchitecture()
    #expect(try machine.means(forTarball: root.directory.path.appending("seed.tar.xz")) == .native)
    #expect(try machine.means(forRoot: root.path) == .native)
    #expect(throws: MirrorError.self) {
      try machine.means(forTarball: root.directory.path.appending("empty.tar"))
    }
  }

  @Test("are looked up inside the root only")
  func lookedUpInside() throws {
    let root = try SandboxRoot()
    try root.directory.shell("ln -sf ../../../../../bin/sh root/bin/sh; rm root/bin/busybox")
    #expect(throws: MirrorError.self) { try ForeignArchitecture().means(forRoot: root.path) }
  }

  @Test("need their emulator in the root if the kernel looks for it there")
  func whoseEmulatorMust() throws {
    let root = try SandboxRoot()
    let header = Self.header(class: 2, machine: 183)
    try Data(header.bytes).write(to: URL(fileURLWithPath: root.path.appending("bin/busybox").string))
    let machine = ForeignArchitecture(host: Self.x86, entries: [try Self.entry(flags: "")], own: Self.none)
    #expect(throws: MirrorError.self) { try machine.means(forRoot: root.path) }
    try root.directory.shell("mkdir -p root/usr/bin; touch root/usr/bin/qemu-aarch64-static")
    let inside = ForeignArchitecture.Means.emulatedInside(by: "/usr/bin/qemu-aarch64-static")
    #expect(try machine.means(forRoot: root.path) == inside)
  }
}

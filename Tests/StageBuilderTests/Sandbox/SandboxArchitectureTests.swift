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

  @Test("of this machine and of its 32-bit variant run natively")
  func thisMachine32() throws {
    let machine = ForeignArchitecture(host: Self.x86, entries: [])
    #expect(try machine.means(for: Self.header(class: 2, machine: 62), of: "seed") == .native)
    #expect(try machine.means(for: Self.header(class: 1, machine: 3), of: "seed") == .native)
  }

  @Test("of another architecture run under the registered emulator")
  func anotherRunEmulator() throws {
    let header = Self.header(class: 2, machine: 183)
    let opened = ForeignArchitecture(host: Self.x86, entries: [try Self.entry(flags: "OCF")])
    #expect(try opened.means(for: header, of: "seed") == .emulated(by: "/usr/bin/qemu-aarch64-static"))
    let inside = ForeignArchitecture(host: Self.x86, entries: [try Self.entry(flags: "OC")])
    #expect(try inside.means(for: header, of: "seed") == .emulatedInside(by: "/usr/bin/qemu-aarch64-static"))
  }

  @Test("of another architecture without an emulator are refused", arguments: [nil, "disabled"])
  func anotherWithoutOne(state: String?) throws {
    let entries = try state.map { [try Self.entry($0, flags: "F")] } ?? []
    let machine = ForeignArchitecture(host: Self.x86, entries: entries)
    let error = #expect(throws: MirrorError.self) {
      try machine.means(for: Self.header(class: 2, machine: 183), of: "seed.tar.xz")
    }
    #expect(
      error?.description == """
        seed.tar.xz: contains programs for 64-bit ARM, which this machine cannot run: \
        install qemu-user-static and binfmt-support (Debian), or build on such a machine
        """)
  }

  @Test("do not match an emulator of a third architecture")
  func notTakenFor() throws {
    let machine = ForeignArchitecture(host: Self.x86, entries: [try Self.entry(flags: "F")])
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
    let machine = ForeignArchitecture(host: Self.x86, entries: [try Self.entry(flags: "")])
    #expect(throws: MirrorError.self) { try machine.means(forRoot: root.path) }
    try root.directory.shell("mkdir -p root/usr/bin; touch root/usr/bin/qemu-aarch64-static")
    let inside = ForeignArchitecture.Means.emulatedInside(by: "/usr/bin/qemu-aarch64-static")
    #expect(try machine.means(forRoot: root.path) == inside)
  }
}

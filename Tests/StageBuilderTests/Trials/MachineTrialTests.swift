import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("A test of an image", .enabled(if: Tool.exists("qemu-system-x86_64"), "needs qemu-system-x86_64"))
struct MachineTrialTests {
  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  private func write(_ text: String, ends: Bool = false) throws {
    let file = URL(fileURLWithPath: "\(workspace.path)/disk.raw")
    try BootSector.disk(printing: text, ends: ends).write(to: file)
  }

  private func command(_ arguments: [String]) -> [String] {
    [
      Program.path.string, "test", "--firmware", "bios", "--architecture", "amd64", "--memory", "128M",
      "--work", "\(workspace.path)/work",
    ] + arguments.map { $0.hasPrefix("@") ? "\(workspace.path)/\($0.dropFirst())" : $0 }
  }

  private func test(_ arguments: String...) throws -> Outcome { try workspace.run(command(arguments)) }

  @Test(
    "passes at a login prompt, whatever its format, and writes nothing",
    arguments: ["raw", "qcow2", "vmdk", "vpc"])
  func passes(format: String) throws {
    try write("Booting\r\n\r\ntiny login: ")
    let name = format == "vpc" ? "disk.vhd" : "disk.\(format)"
    if format != "raw" {
      try workspace.shell("qemu-img convert -f raw -O \(format) disk.raw \(name)")
    }
    try workspace.shell("sha256sum \(name) > before; chmod 444 \(name)")
    let outcome = try test("--json", "@\(name)")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    let report = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output)) as? [String: Any])
    let trial = try #require((report["tests"] as? [[String: Any]])?.first)
    #expect((trial["seen"] as? String)?.hasSuffix("tiny login: ") == true)
    #expect(trial["firmware"] as? String == "bios")
    try workspace.shell("sha256sum -c before; test -z \"$(ls -A work)\"")
  }

  @Test(
    "fails with what the console showed",
    arguments: [
      ("[ 1.2] Kernel panic - not syncing: VFS: no root\r\n", false, "the kernel panicked"),
      ("You are in emergency mode. After logging in\r\n", false, "it started in emergency mode"),
      ("good bye\r\n", true, "the machine ended before a login prompt appeared"),
      ("Last login: yesterday\r\n", false, "a login prompt did not appear within 3 s"),
    ])
  func fails(text: String, ends: Bool, reason: String) throws {
    try write("hello\r\n\(text)", ends: ends)
    let outcome = try test("--timeout", ends ? "5m" : "3s", "@disk.raw")
    #expect(outcome.status == 1)
    #expect(outcome.text == "")
    #expect(outcome.errorText.contains("disk.raw: failed its test: booted with BIOS"), "\(outcome.errorText)")
    #expect(outcome.errorText.contains(": \(reason)\n"), "\(outcome.errorText)")
    #expect(outcome.errorText.contains("hello\nmirrorctl: | "))
  }

  @Test("fails if the firmware finds nothing to boot, whether BIOS or UEFI", arguments: ["bios", "uefi"])
  func nothing(firmware: String) throws {
    try write("")
    // A boot sector that fits neither: its first instruction returns to the BIOS.
    try workspace.shell("printf '\\315\\030' | dd of=disk.raw conv=notrunc status=none")
    let outcome = try test("--firmware", firmware, "@disk.raw")
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains("found nothing to boot\n"), "\(outcome.errorText)")
  }

  @Test("passes at another text, if that is expected")
  func expected() throws {
    try write("reached target 42.\r\n")
    let outcome = try test("--expect", "^.*target [0-9]+[.]", "@disk.raw")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(outcome.text.hasSuffix("reached target 42.\n"))
  }

  @Test("is refused, with the packages of what is missing")
  func missing() throws {
    try write("x")
    let outcome = try workspace.run(
      [
        "unshare", "-m", "sh", "-c",
        "mount -t tmpfs none /usr/share/OVMF; mount -t tmpfs none /usr/share/qemu; exec \"$@\"", "sh",
      ]
        + command(["--firmware", "uefi", "@disk.raw"]))
    #expect(outcome.status == 5)
    #expect(
      outcome.errorText.contains(
        "is not installed, but the test needs it: install ovmf (Debian) or sys-firmware/edk2-bin (Gentoo)"),
      "\(outcome.errorText)")
    let arm = try test("--architecture", "arm64", "--firmware", "uefi", "@disk.raw")
    if !Tool.exists("qemu-system-aarch64") {
      #expect(arm.status == 5)
      #expect(
        arm.errorText.contains("install qemu-system-arm (Debian) or app-emulation/qemu (Gentoo)"),
        "\(arm.errorText)")
    }
    try workspace.shell("qemu-img create -q -f qcow2 -F raw -b disk.raw thin.qcow2 2M")
    #expect(try test("@thin.qcow2").errorText.contains("thin.qcow2: depends on another file"))
  }

  @Test("leaves no machine when mirrorctl is killed or stopped", arguments: [SIGKILL, SIGINT])
  func killed(signal: Int32) throws {
    try write("nothing follows\r\n")
    let run = try workspace.start(command(["@disk.raw"]))
    let mark = "\(workspace.path)/disk.raw,snapshot"
    try Host.wait { !Host.processes(mark).isEmpty }
    kill(run.pid, signal)
    #expect(try run.wait().status == 128 + signal)
    try Host.wait { Host.processes(mark).isEmpty }
    // What is left is removed by the next run.
    try write("\r\ntiny login: ")
    let next = try test("@disk.raw")
    #expect(next.status == 0, "\(next.errorText)")
    #expect(try workspace.shell("ls -A work").text == "")
  }
}

import Foundation
import SystemPackage
import TestSupport
import Testing

/// A machine whose programs this one cannot run, and a seed for it.
struct ForeignMachine: Sendable, CustomTestStringConvertible {
  /// The Linux name, which is also QEMU's.
  let name: String
  /// Gentoo's name.
  let arch: String

  var testDescription: String { arch }

  static let all = [
    ForeignMachine(name: "aarch64", arch: "arm64"), ForeignMachine(name: "riscv64", arch: "riscv"),
  ].filter { (try? Tool.run("uname", "-m").output) != $0.name + "\n" }

  /// Whether a user namespace can have registrations of its own here.
  static let canRegister =
    (try? Tool.run("unshare", "-U", "-r", "-m", "mount", "-t", "binfmt_misc", "none", "/mnt").status) == 0
  static let reason: Comment = "needs root and Linux 6.7"

  /// The registrations of the host, or those that another process's user namespace has.
  static func registrations(of pid: Int32? = nil) throws -> String {
    let enter = pid.map { ["nsenter", "--user", "--target", "\($0)"] } ?? []
    let list = "mount -t binfmt_misc none /mnt && cd /mnt && ls && cat status"
    let outcome = try Tool.run("env", arguments: enter + ["unshare", "-m", "sh", "-c", list])
    try #require(outcome.status == 0, "\(outcome.output)")
    return outcome.output
  }

  /// A mirror with a seed of one static program, `/bin/sh`, `/bin/tell` and, set-user-ID, `/bin/owned`.
  func site(_ steps: String = "") throws -> BuildSite {
    let site = try BuildSite(steps, isPrepared: false)
    let source = FilePath(#filePath).removingLastComponent().appending("foreign.c").string
    let program = site.workspace.path.appending("program").string
    try Clang.compile([
      "--target=\(name)-linux-gnu", "-static", "-nostdlib", "-ffreestanding", "-fuse-ld=lld", "-O1", "-o",
      program, source,
    ])
    try site.workspace.shell(
      """
      mkdir -p other/bin other/srv other/etc other/tmp; chmod 1777 other/srv other/tmp
      cp program other/bin/sh; cp program other/bin/owned; ln -s sh other/bin/tell
      chown 250:250 other/bin/owned; chmod 4755 other/bin/owned
      tar --numeric-owner -C other -cJf stage3-gen-2026-11-02.tar.xz .
      """)
    return site
  }
}

@Suite(
  "A stage of another machine", .enabled(if: Host.isRoot && ForeignMachine.canRegister, ForeignMachine.reason)
)
struct ForeignBuildTests {
  private static let steps = """
    [section steps/chroot]
    run: [
    #!/bin/sh
    /bin/tell /srv/told
    /bin/owned /srv/owned
    ]

    """

  @Test(
    "is built under an emulator, by root and by an ordinary user; nothing is registered on the host",
    arguments: ForeignMachine.all, [false, true])
  func built(machine: ForeignMachine, byUser: Bool) throws {
    let site = try machine.site(Self.steps)
    let user = try byUser && OrdinaryUser.isPossible ? OrdinaryUser() : nil
    if let user { try site.workspace.shell("chown -R \(user.name): mirror conf *.xz .") }
    let before = try ForeignMachine.registrations()
    let subarch = ["std", machine.arch, "gen"]
    let seed = site.workspace.path.appending("stage3-gen-2026-11-02.tar.xz").string
    for command in [["init"] + subarch + ["--local", seed], ["build"] + subarch + ["2026-11-22"]] {
      let outcome = try site.workspace.run((user?.asUser ?? []) + site.command(command))
      try #require(outcome.status == 0, "\(outcome.errorText)")
    }
    let version = "/std/\(machine.arch)/gen/2026-11-22"
    let stage = site.workspace.mirror.string + version + "/stage3-gen-std-2026-11-22.tar.xz"
    // The names of the programs are kept, and a set-user-ID program has its owner's rights.
    for (file, text) in [
      ("told", "tell \(machine.name) 000 yes\n"), ("owned", "owned \(machine.name) 250 yes\n"),
    ] {
      #expect(try Tool.run("tar", "-xOf", stage, "./srv/\(file)").output == text)
    }
    if !before.contains("qemu-\(machine.name)") {
      let log = try #require(site.text("\(version)/log/stage3.txt"))
      #expect(log.contains(": programs run under /usr/bin/qemu-\(machine.name)-static"), "\(log)")
      #expect(log.contains(", registered in each step's own user namespace\n"), "\(log)")
    }
    #expect(try ForeignMachine.registrations() == before)
  }

  @Test("is shown by doctor, with the way in which its programs run", arguments: ForeignMachine.all)
  func doctor(machine: ForeignMachine) throws {
    let workspace = try Workspace()
    try workspace.shell("printf '[section rotation]\\narches: \(machine.arch)\\n' > conf")
    let command = [Program.path.string, "doctor", "--config", "\(workspace.path)/conf"]
    let text = try workspace.run(command).text
    let ways = [", registered in each step's own user namespace\n", ", which is registered on this host\n"]
    #expect(text.contains("ok: \(machine.arch): runs under /usr/bin/qemu-\(machine.name)-static"), "\(text)")
    #expect(ways.contains { text.contains($0) }, "\(text)")
    // Without an emulator, no such stage can be built.
    let without = try Tool.run(
      "unshare",
      arguments: [
        "-m", "sh", "-c", "mount --bind /dev/null /usr/bin/qemu-\(machine.name)-static; exec \"$@\"", "sh",
      ] + command)
    #expect(
      without.output.contains(
        ": no static qemu-\(machine.name) is installed: install qemu-user-static (Debian)")
        || without.output.contains(ways[1]), "\(without.output)")
  }
}

#if arch(x86_64)
  @Suite("A seed of another machine than its subarch") struct OtherSeedTests {
    @Test(
      "is refused before its first step, with both machines",
      .enabled(if: BuildSite.isPossible, BuildSite.reason),
      arguments: [
        ("amd64", true), ("x86-64bit", true), ("pure64", true), ("x86", false), ("x86-32bit", false),
      ])
    func build(arch: String, isWide: Bool) throws {
      let site = try BuildSite("[section steps/chroot]\nrun: [\n#!/bin/sh\ntrue\n]\n", isPrepared: false)
      // The shell of a seed for the wider one claims to be for the other.
      let (found, expected) = isWide ? ("32-bit x86", "64-bit x86") : ("64-bit x86", "32-bit x86")
      let header = isWide ? "\\001|\\003" : "\\002|\\076"
      try site.workspace.shell(
        """
        header='\(header)'
        printf "${header%|*}" | dd of=seed/bin/busybox bs=1 seek=4 conv=notrunc 2>/dev/null
        printf "${header#*|}\\000" | dd of=seed/bin/busybox bs=1 seek=18 conv=notrunc 2>/dev/null
        d=mirror/std/\(arch)/gen; mkdir -p $d/.control/version $d/.control/strategy $d/2026-11-01
        tar -C seed -cJf $d/2026-11-01/stage3-gen-2026-11-01.tar.xz .
        mv $d/2026-11-01/stage3-gen-2026-11-01.tar.xz $d/2026-11-01/stage3-gen-std-2026-11-01.tar.xz
        echo 2026-11-01 > $d/.control/version/stage3
        echo local > $d/.control/strategy/build; echo stage3 > $d/.control/strategy/seed
        """)
      let outcome = try site.run(["build", "std", arch, "gen", "2026-11-22"])
      #expect(outcome.status == 5)
      #expect(
        outcome.errorText.contains(
          "stage3-gen-std-2026-11-01.tar.xz: contains programs for \(found), but \(arch) gen is for \(expected): use a seed"
        ),
        "\(outcome.errorText)")
    }
  }
#endif

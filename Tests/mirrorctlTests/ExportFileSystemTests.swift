import Foundation
import TestSupport
import Testing

/// Images of read-only file systems.
@Suite("export to a file system") struct ExportFileSystemTests {
  private let site: ExportSite
  private var workspace: Workspace { site.workspace }

  init() throws { site = try ExportSite() }

  struct Case: CustomTestStringConvertible, Sendable {
    let format: String
    var settings: [String] = []
    /// In seconds, or in parts of them.
    let time: String
    /// Names of the attributes that the format can store.
    let attributes: String
    var testDescription: String { ([format] + settings).joined(separator: " ") }
    var arguments: [String] { settings.flatMap { ["--set", $0] } }
  }

  static let cases = [
    Case(format: "squashfs", time: "%Ts", attributes: "^(user|security.capability)"),
    Case(
      format: "squashfs", settings: ["compression=gz", "level=1", "block-size=64K"], time: "%Ts",
      attributes: "^(user|security.capability)"),
    Case(format: "erofs", time: "%T@", attributes: "^(user|security.capability|system)"),
    Case(
      format: "erofs", settings: ["compression=none"], time: "%T@",
      attributes: "^(user|security.capability|system)"),
  ]

  @Test(
    "a mounted image has every file of the stage, from a tarball and from a directory",
    .enabled(if: ImageHost.mounts, "images cannot be mounted here"), arguments: cases)
  func mounted(image: Case) throws {
    let list = ExportSite.list(time: image.time, attributes: image.attributes)
    try workspace.shell("mkdir m; cd root; \(list) > ../expected")
    for stage in ["root", "stage3.tar.xz"] {
      let outcome = try site.export(ExportSite.epoch + image.arguments + ["@\(stage)", "@x.\(image.format)"])
      #expect(outcome.status == 0, "\(outcome.errorText)")
      try workspace.shell(
        """
        cat > list <<'END'
        \(list)
        END
        unshare -m sh -ec 'mount -t \(image.format) -o loop,ro x.\(image.format) m; cd m; sh ../list' > found
        """)
      let difference = try workspace.run([
        "diff", "\(workspace.path)/expected", "\(workspace.path)/found",
      ])
      #expect(difference.status == 0, "\(stage): \(difference.text)")
    }
  }

  @Test(
    "the same files at another place, with other threads, umask and time zone, give the same bytes",
    arguments: cases)
  func reproducible(image: Case) throws {
    // The second has its files and attributes in another order.
    try workspace.shell(
      """
      cp -a root a; mkdir b; cp -a root/usr b; cp -a root/. b
      for d in a b; do setfattr -n user.root -v 1 $d; chmod 711 $d; chown 3:4 $d; done
      for k in 1 2 3; do setfattr -n user.$k -v $k a/usr/empty; done
      for k in 3 1 2; do setfattr -n user.$k -v $k b/usr/empty; done
      find a b -depth -exec touch -hd 2026-11-20T10:00:00.5Z {} +
      """)
    for (name, jobs, umask, zone) in [("a", "1", "077", "UTC"), ("b", "3", "000", "Asia/Tokyo")] {
      let outcome = try site.export(
        ExportSite.epoch + image.arguments + ["-j", jobs, "@\(name)", "@\(name).\(image.format)"],
        umask: umask, zone: zone)
      #expect(outcome.status == 0, "\(outcome.errorText)")
    }
    try workspace.shell("cmp a.\(image.format) b.\(image.format)")
    #expect(try workspace.shell("stat -c %a a.\(image.format) b.\(image.format)").text == "644\n644\n")
  }

  @Test(
    "the true cause is reported if the stage, or the program that reads it, is the one that fails",
    arguments: [
      ("exec cat > /dev/null", "cut.tar.xz", "cut.tar.xz: is truncated"),
      (
        "echo 'cannot write: disk is full' >&2; exit 3", "stage3.tar.xz",
        "tar2sqfs: failed with exit status 3: cannot write: disk is full"
      ),
      ("head -c 5000 > /dev/null; echo 'bad block' >&2; exit 1", "stage3.tar.xz", "exit status 1: bad block"),
      ("exec head -c 5000 > /dev/null", "stage3.tar.xz", "tar2sqfs: ended before it read all of its input"),
    ])
  func causes(program: String, stage: String, message: String) throws {
    try workspace.shell(
      """
      head -c 300000 /dev/urandom > root/noise; tar --sort=name -C root -cJf stage3.tar.xz .; head -c 250000 stage3.tar.xz > cut.tar.xz
      mkdir own; printf '%s\\n' '#!/bin/sh' "\(program)" > own/tar2sqfs; chmod +x own/tar2sqfs
      """)
    let before = try site.names()
    let outcome = try site.export(
      ["--set", "architecture=amd64", "@\(stage)", "@x.squashfs"], path: "\(workspace.path)/own:")
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains(message), "\(outcome.errorText)")
    #expect(try site.names() == before)
  }

  @Test("settings that are wrong, and missing programs, are named before anything is made")
  func refused() throws {
    let before = try site.names()
    for (arguments, message) in [
      (["--set", "level=30", "@stage3.tar.xz", "@x.squashfs"], "level: `30` is not a number from 1 to 22"),
      (
        ["--set", "compression=xz", "--set", "level=3", "@stage3.tar.xz", "@x.squashfs"],
        "level: has no meaning for xz: remove it, or use gz or zst"
      ),
      (["--set", "block-size=5K", "@stage3.tar.xz", "@x.squashfs"], "block-size: is not a power of two"),
      (["--set", "block-size=5K", "@stage3.tar.xz", "@x.erofs"], "block-size: is not a multiple of 4K"),
      (["--set", "uuid=1", "@stage3.tar.xz", "@x.erofs"], "uuid: `1` is not a UUID"),
    ] {
      let outcome = try site.export(arguments)
      #expect(outcome.status == 1)
      #expect(outcome.errorText.contains(message), "\(outcome.errorText)")
    }
    #expect(try site.names() == before)
  }
}

import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("export to Incus and LXD", .enabled(if: Tool.exists("tar2sqfs")))
struct IncusExportTests {
  private let workspace: Workspace
  private static let epoch = "1479384000"

  init() throws {
    workspace = try Workspace()
    try workspace.shell(
      """
      mkdir -p root/bin root/etc root/tmp
      cp "$(command -v busybox)" root/bin/busybox; ln -s busybox root/bin/sh; ln root/bin/busybox root/bin/second
      echo 'NAME=Tiny' > root/etc/os-release; chmod 640 root/etc/os-release; chown 7:8 root/etc/os-release
      chmod 1777 root/tmp; setcap cap_net_raw+ep root/bin/busybox
      find root -exec touch -hd 2016-11-10T10:00:00Z {} +
      tar --xattrs --xattrs-include='*' -C root -cJf stage3.tar.xz .
      """)
  }

  @discardableResult
  private func export(_ arguments: String..., umask: String = "022", zone: String = "UTC") throws -> Outcome {
    let outcome = try workspace.run(
      [
        "env", "TZ=\(zone)", "sh", "-c", "cd '\(workspace.path)'; umask \(umask); exec \"$@\"", "sh",
        Program.path.string, "export", "--epoch", Self.epoch,
      ] + arguments)
    try #require(outcome.status == 0, "\(outcome.errorText)")
    return outcome
  }

  /// Names, kinds, modes, owners, times, links, capabilities and contents of the files in a directory.
  private func listing(_ directory: String) throws -> String {
    try workspace.shell(
      """
      cd \(directory); find . -printf '%p %y %m %U %G %n %T@ %l\\n' | sort
      find . -type f -exec sha256sum {} + | sort; getfattr -Rhd -m security.capability .
      """
    ).text
  }

  private static let metadata = """
    architecture: 'amd64'
    creation_date: 1479384000
    properties:
      architecture: 'amd64'
      description: 'A tiny image, it''s small: really'
      name: 'tiny'
      os: 'Tiny'
      serial: '20161117'

    """

  private static let settings = [
    "--set", "architecture=amd64", "--set", "property/os=Tiny", "--set",
    "property/description=A tiny image, it's small: really",
  ]

  @Test("an image in one file has the metadata, and every file of the stage below rootfs")
  func unified() throws {
    for source in ["stage3.tar.xz", "root"] {
      let settings = Self.settings
      try export(
        settings[0], settings[1], settings[2], settings[3], settings[4], settings[5], "--set", "unified=yes",
        source, "tiny.incus.tar.xz", umask: source == "root" ? "077" : "022",
        zone: source == "root" ? "Asia/Tokyo" : "UTC")
      try workspace.shell(
        """
        rm -rf got; mkdir -p got; tar --xattrs --xattrs-include='*' -C got -xJpf tiny.incus.tar.xz
        mkdir -p expected; tar --xattrs --xattrs-include='*' -C expected -xJpf stage3.tar.xz
        mv tiny.incus.tar.xz \(source).incus.tar.xz
        """)
      #expect(try workspace.shell("cat got/metadata.yaml").text == Self.metadata)
      #expect(try listing("got/rootfs") == listing("expected"))
      #expect(try workspace.shell("ls -A got").text == "metadata.yaml\nrootfs\n")
    }
    try workspace.shell("cmp stage3.tar.xz.incus.tar.xz root.incus.tar.xz; ls -A | grep export || :")
  }

  @Test("wrong properties are refused")
  func refused() throws {
    for (setting, message) in [
      ("unified=maybe", "`maybe` is neither yes nor no"),
      ("architecture=alpha", "has no name in images for Incus"),
    ] {
      let outcome = try workspace.run(
        [Program.path.string, "export", "--set", setting, "\(workspace.path)/stage3.tar.xz"]
          + ["\(workspace.path)/x.incus.tar.xz"])
      #expect(outcome.status == 1 && outcome.errorText.contains(message), "\(outcome.errorText)")
      #expect(!FileManager.default.fileExists(atPath: "\(workspace.path)/x.incus.tar.xz"))
    }
  }
}

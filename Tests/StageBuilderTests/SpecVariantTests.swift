import FlexData
import SystemPackage
import TestSupport
import Testing

@Suite("Variants in the spec tree")
struct SpecVariantTests {
  /// Each variant with its profile on amd64, and whether openrc's stage1 serves it.
  private static let variants = [
    ("openrc", "", true), ("systemd", "systemd", true), ("desktop", "desktop", true),
    ("desktop-systemd", "desktop/systemd", true), ("gnome", "desktop/gnome", true),
    ("gnome-systemd", "desktop/gnome/systemd", true), ("plasma", "desktop/plasma", true),
    ("plasma-systemd", "desktop/plasma/systemd", true), ("hardened", "hardened", false),
    ("hardened-systemd", "hardened/systemd", false), ("selinux", "hardened/selinux", false),
    ("no-multilib", "no-multilib", false), ("no-multilib-systemd", "no-multilib/systemd", false),
    ("no-multilib-hardened", "no-multilib/hardened", false), ("llvm", "llvm", false),
    ("llvm-systemd", "llvm/systemd", false), ("musl", "musl", false),
    ("musl-hardened", "musl/hardened", false), ("musl-llvm", "musl/llvm", false),
  ]

  @Test("a line of development has the variant that its name says", arguments: variants)
  func line(variant: String, profile: String, isPlain: Bool) throws {
    let tree = try SpecSite(build: "gentoo-\(variant)")
    #expect(try tree.text("variant", of: nil) == variant)
    for target in ["stage1", "stage3", "stage4"] {
      #expect(try tree.text("profile/path", of: target) == "default/linux/amd64/23.0/\(profile)")
    }
    #expect(try (tree.text("variant/stage1", of: nil) == "openrc") == isPlain)
  }

  @Test("names are not fixed: a configuration adds variants, and gives builds other names")
  func own() throws {
    let tree = try SpecSite(
      """
      [section variant when target/build is small]
      of-build: tiny
      [section variant when variant is tiny]
      profile: hardened/tiny
      [section portage when variant is tiny]
      USE: -nls
      """, build: "small")
    #expect(try tree.text("profile/path", of: "stage3") == "default/linux/amd64/23.0/hardened/tiny")
    #expect(try tree.text("portage/USE", of: "stage3") == "-nls")
    // As before there were variants.
    let former = try SpecSite("[section profile]\nvariant: systemd")
    #expect(try former.text("profile/path", of: "stage3") == "default/linux/amd64/23.0/systemd")
  }

  @Test(
    "the stage3 of a variant has the source of the usual one, or is made from its own last one",
    arguments: [
      ("full", "stage3", "2026-11-23/"), ("freshen", "stage3-freshen", "2026-11-02/stage3-systemd-"),
      ("quick", "stage3-quick", "2026-11-02/stage3-systemd-"),
    ])
  func stage3(mode: String, target: String, source: String) throws {
    let tree = try SpecSite()
    try tree.workspace.shell(
      "echo 2026-11-02 > mirror/gentoo/x86-64bit/core2_64/.control/version/stage3-systemd")
    let definitions = [(name: "multi/mode", value: mode), (name: "target/variant", value: "systemd")]
    func text(_ name: String) throws -> String? { try tree.text(name, of: "stage3-systemd", definitions) }
    let subarch = "gentoo/x86-64bit/core2_64"
    #expect(
      try text("path/mirror/target")
        == "\(subarch)/2026-11-23/stage3-systemd-core2_64-gentoo-2026-11-23.tar.xz")
    #expect(try text("path/mirror/target/link") == "\(subarch)/stage3-systemd-latest.tar.xz")
    #expect(try text("target/control/version") == "stage3-systemd")
    #expect(try text("path/cache/package")?.hasSuffix("/core2_64/local/stage3-systemd") == true)
    #expect(try text("profile/path") == "default/linux/amd64/23.0/systemd")
    #expect(try text("path/mirror/source")?.hasPrefix("\(subarch)/\(source)") == true)
    if mode == "full" {
      #expect(try text("path/mirror/source") == tree.text("path/mirror/source", of: target))
    }
  }

  @Test("a misspelled stage4 of the configuration is found by `build --pretend`, which names the right one")
  func misspelled() throws {
    let tree = try SpecSite(
      """
      [section target when target is webserver]
      spec: stage4
      """)
    try tree.workspace.shell(": > mirror/.mirrorctl.mirror")
    let outcome = try tree.workspace.run(
      [
        "env", "MIRRORCTL_CONFIG=\(tree.workspace.path)/conf", Program.path.string, "build", "--pretend",
        "gentoo", "x86-64bit", "core2_64", "full+websever",
      ])
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains("websever: is not a target: "), "\(outcome.errorText)")
    #expect(outcome.errorText.contains("did you mean `webserver`?"), "\(outcome.errorText)")
  }
}

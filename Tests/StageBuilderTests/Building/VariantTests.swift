import Foundation
import TestSupport
import Testing

@Suite("Variants of a build", .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct VariantTests {
  private static let variants = """
    [section multi]
    variants: openrc systemd desktop-systemd
    optional: desktop-systemd

    """

  @Test("are made from the same stage1, each with its own names, link, record and cache")
  func built() throws {
    let site = try TrivialSite(Self.variants)
    let plan = try site.build("full+image", "--pretend").text.split(separator: "\n").dropFirst()
    #expect(
      plan.map { $0.trimmingCharacters(in: .whitespaces).prefix { $0 != ":" } } == [
        "snapshot", "stage1", "stage3", "stage3-systemd", "stage3-desktop-systemd", "image",
      ], "the stage3 is that of openrc")
    #expect(plan.map { $0.hasSuffix(" (optional)") } == [false, false, false, false, true, true])
    let outcome = try site.build("full+image")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    let stage1 = "stage1-generic_64-gentoo-2026-11-22"
    #expect(try site.file("./etc/made-from", in: "stage3") == "\(stage1) openrc \n")
    #expect(try site.file("./etc/made-from", in: "stage3-systemd") == "\(stage1) systemd systemd\n")
    #expect(
      try site.file("./etc/made-from", in: "stage3-desktop-systemd")
        == "\(stage1) desktop-systemd desktop/systemd\n")
    for stage in ["stage3", "stage3-systemd", "stage3-desktop-systemd"] {
      #expect(
        try site.link("\(stage)-latest.tar.xz") == "2026-11-22/\(stage)-generic_64-gentoo-2026-11-22.tar.xz")
      #expect(site.text(".control/version/\(stage)") == "2026-11-22\n")
    }
    let caches = try site.workspace.shell(
      "find tmp/cache/package-cache -type d -name 'stage3*' -printf '%f\\n' | sort")
    #expect(caches.text == "stage3\nstage3-desktop-systemd\nstage3-systemd\n")
    // Downloaders are offered all of them, and none displaces another.
    #expect(
      try site.run(["status"]).text.hasSuffix("(image,stage3,stage3-desktop-systemd,stage3-systemd)\n"))
    #expect(try site.run(["digestgen"]).status == 0)
    #expect(try site.run(["index"]).status == 0)
    let index = try site.workspace.shell("cat mirror/index.xml").text
    for name in ["stage3", "stage3-systemd", "stage3-desktop-systemd"] {
      #expect(index.contains("variant=\"\(name)\""), "\(index)")
    }
  }

  @Test("fail the build unless they are optional")
  func failing() throws {
    let site = try TrivialSite(Self.variants)
    let partial = try site.build("full+image", "trivial/fails:", "stage3-desktop-systemd")
    #expect(partial.status == 3, "\(partial.errorText)")
    #expect(site.text("2026-11-22/status") == "ok")
    #expect(site.text("2026-11-22/failed") == "stage3-desktop-systemd\n")
    #expect(site.text(".control/.failcount") == nil)
    #expect(site.text(".control/failcount/stage3-desktop-systemd") == "1\n")
    #expect(site.text(".control/version/stage4/image") == "2026-11-22\n")
    let required = try TrivialSite(Self.variants)
    let failed = try required.build("full+image", "trivial/fails:", "stage3-systemd")
    #expect(failed.status == 1)
    #expect(required.text("2026-11-22/status") == "fail")
    #expect(required.text(".control/.failcount") == "1\n")
    #expect(required.text(".control/failcount/stage3-systemd") == nil)
    #expect(required.text(".control/version/stage4/image") == nil)
  }

  @Test(
    "and extras that cannot be built are found before anything is",
    arguments: [
      ("variants: musl", "full", "`musl` cannot be made from the stage1 of gentoo: build it as a line of"),
      ("variants: llvm-systemd", "full", "`llvm-systemd` cannot be made from the stage1 of gentoo"),
      ("variants: hardened", "full", "such as gentoo-hardened"),
      ("variants: sytemd", "full", "multi/variants: `sytemd` is not a variant: did you mean `systemd`?"),
      (
        "variants: systemd\noptional: sytemd", "full",
        "multi/optional: `sytemd` is not in multi/variants: did you mean `systemd`?"
      ),
      ("variants: systemd systemd", "full", "stage3-systemd: is a target of this build twice"),
      ("variants:", "full+image+image", "image: is a target of this build twice"),
      ("variants:", "full+stage3", "stage3: is a target of this build twice"),
      ("variants:", "full+thumbnial", "thumbnial: is not a target: "),
      ("variants:", "full+thumbnial", "did you mean `thumbnail`?"),
      ("variants:", "fulll", "fulll: is not a build mode: did you mean `full`?"),
    ])
  func refused(multi: String, mode: String, says: String) throws {
    let site = try TrivialSite("[section multi]\n\(multi)\n")
    for pretend in [["--pretend"], []] {
      let outcome = try site.run(["build"] + pretend + TrivialSite.subarch + [mode, TrivialSite.date])
      #expect(outcome.status == 1, "\(outcome.text)")
      #expect(outcome.errorText.contains(says), "\(outcome.errorText)")
    }
    #expect(try site.names() == ["2026-11-01"])
    #expect(site.text(".control/.failcount") == nil)
  }
}

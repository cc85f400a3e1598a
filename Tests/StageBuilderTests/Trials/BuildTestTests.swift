import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("A build with build/test", .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct BuildTestTests {
  private static let steps = """
    [section build]
    test: yes
    [section test]
    script: [
    #!/bin/sh
    cat /etc/quality
    exec grep -q good /etc/quality
    ]
    [section steps/chroot]
    run: [
    #!/bin/sh
    echo "$[quality:lax] $[target]" > /etc/quality
    ]

    """

  @Test("offers a stage only if it passes, also one that a step of the spec wrote", arguments: [false, true])
  func tests(bySpec: Bool) throws {
    let capture = """
      [section steps]
      capture: [
      #!/bin/sh
      exec tar -C $[path/chroot] -cJf $[path/mirror/target] .
      ]

      """
    let site = try BuildSite(Self.steps + (bySpec ? capture : ""), isPrepared: false)
    try site.workspace.shell("ln -s busybox seed/bin/grep; tar -C seed -cJf stage3-gen-2026-11-01.tar.xz .")
    try site.prepare()
    let bad = try site.build("full", "2026-11-22", "quality:", "bad")
    #expect(bad.status == 1)
    #expect(
      bad.errorText.contains("stage1: build/test: the stage failed: ran the script"), "\(bad.errorText)")
    #expect(bad.errorText.contains("log/stage1.txt"))
    #expect(bad.errorText.contains("stage1: | bad stage1"))
    #expect(site.text("2026-11-22/status") == "fail")
    #expect(site.text(".control/version/stage1") == nil)
    #expect(site.text(".control/.failcount") == "1\n")
    #expect(
      try site.workspace.run([
        "find", site.subarchPath.string, "-name", "stage1*", "!", "-name", "stage1.txt",
      ]).text == "")
    let good = try site.build("full", "2026-11-22", "quality:", "good")
    #expect(good.status == 0, "\(good.errorText)")
    #expect(site.text("2026-11-22/log/stage3.txt")?.contains("build/test passed: ran the script") == true)
    #expect(site.text(".control/version/stage3") == "2026-11-22\n")
    #expect(
      try site.workspace.run(["find", "\(site.workspace.path)/tmp/work", "!", "-type", "d"]).text == "")
  }

  @Test("is refused before anything is built if a setting of the test is wrong")
  func wrong() throws {
    for (key, value, message) in [
      ("build/test", "maybe", "build/test: `maybe` is neither yes nor no"),
      ("test/timeout", "soon", "test/timeout: `soon` is not a time"),
    ] {
      let outcome = try BuildSite(Self.steps).build("full", "2026-11-22", "\(key):", value)
      #expect(outcome.status == 1)
      #expect(outcome.errorText.contains(message), "\(outcome.errorText)")
      #expect(!outcome.text.contains("stage1"))
    }
  }
}

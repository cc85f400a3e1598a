import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import StageBuilder

@Suite("The excerpt of a log")
struct LogExcerptTests {
  @Test("contains the line that names a failed package, or else the end of the last step")
  func errors() {
    let text = (1...20).map { "line \($0)\n" }.joined() + ">>> stage1: steps/chroot/run\n\nmore\r\nno end"
    #expect(LogExcerpt(text).firstError == ["more", "no end"])
    let failed = LogExcerpt(
      text + "\n\u{1b}[31;01m *\u{1b}[0m ERROR: a/b-1::gentoo failed (compile phase):\n *   why\nx\ny\nz\n"
        + " * ERROR: a/b-1 failed (compile phase):\n * ERROR: c/d-2 failed (install phase):\n")
    #expect(
      failed.firstError == [
        "more", "no end", " * ERROR: a/b-1::gentoo failed (compile phase):", " *   why", "x", "y",
      ])
    #expect(failed.failed.map { "\($0.ebuild) \($0.phase)" } == ["a/b-1 compile", "c/d-2 install"])
    #expect(LogExcerpt("").firstError == [])
  }

  @Test("names a package that could not be fetched, and shows why, although other messages follow")
  func fetches() {
    let excerpt = LogExcerpt(
      """
      >>> stage1: steps/chroot/run
      >>> Emerging (1 of 94) sys-apps/coreutils-9.11-r1::gentoo
      !!! Couldn't download 'coreutils-9.11.tar.xz'. Aborting.
      >>> Failed to emerge sys-apps/coreutils-9.11-r1 for /tmp/stage1root/, Log file:
      >>>  '/var/tmp/portage/sys-apps/coreutils-9.11-r1/temp/build.log'
       * Messages for package sys-apps/portage-3.0.81.2:
       * Unable to find kernel sources at /usr/src/linux

      """)
    #expect(excerpt.failed.map { "\($0.ebuild) \($0.phase)" } == ["sys-apps/coreutils-9.11-r1 unknown"])
    #expect(
      excerpt.firstError == [
        ">>> Emerging (1 of 94) sys-apps/coreutils-9.11-r1::gentoo",
        "!!! Couldn't download 'coreutils-9.11.tar.xz'. Aborting.",
        ">>> Failed to emerge sys-apps/coreutils-9.11-r1 for /tmp/stage1root/, Log file:",
      ])
    // A package whose phase is known is named once.
    let known = LogExcerpt(
      " * ERROR: a/b-1::gentoo failed (compile phase):\n>>> Failed to emerge a/b-1, Log file:\n")
    #expect(known.failed.map(\.phase) == ["compile"])
  }

  @Test("shows of redrawn lines what a terminal shows last")
  func progress() {
    let bar = (0...1000).map { "\r\u{1b}[K\($0 / 10)%" }.joined()
    #expect(LogExcerpt("one\n\(bar)\nerror\n").firstError == ["one", "100%", "error"])
    #expect(LogExcerpt("\(bar)\r\nerror\r\r\n").firstError == ["100%", "error"])
    #expect(LogExcerpt(bar).firstError == ["100%"])
    // Nothing that could hide a part of the message.
    #expect(LogExcerpt("a\u{7}\u{202e}b\u{1b}[2Jc\td\u{1b}[").firstError == ["abc\td"])
  }

  @Test("has a limited size, whatever the log contains")
  func limits() {
    let long = String(repeating: "ä", count: 500_000)
    let lines = LogExcerpt("\(long)\nshort\n\(long)").firstError
    #expect(lines.count == 3 && lines[1] == "short")
    for line in [lines[0], lines[2]] {
      #expect(line.utf8.count <= 2048 && line.hasSuffix("ä…"), "\(line.suffix(5))")
    }
    let many = LogExcerpt((0..<100).map { "\($0) \(long.prefix(5000))\n" }.joined()).firstError
    #expect(many.reduce(0) { $0 + $1.utf8.count } <= LogExcerpt.size)
    #expect(many.last?.hasPrefix("99 ") == true)
    let packages = (0..<5000).map { " * ERROR: a/b-\($0) failed (compile phase):\n" }.joined()
    #expect(LogExcerpt(packages).failed.count == 1000)
    #expect(LogExcerpt(packages).firstError.count == 4)
  }

  @Test(
    "of a step that prints a long line and progress is short, in messages, hooks and JSON",
    .enabled(if: BuildSite.isPossible, BuildSite.reason))
  func build() throws {
    let site = try BuildSite(
      """
      [section steps/chroot]
      run: [
      #!/bin/sh
      x=0123456789abcdef; i=0
      while [ $i -lt 18 ]; do x=$x$x; i=$((i+1)); done
      echo "$x"
      printf '1%%\\r2%%\\r3%%\\rthe disk is gone\\n'
      exit 1
      ]

      """)
    let hook = "[section hooks]\non-failure: cat > '\(site.workspace.path)/hooked'\n"
    try site.workspace.shell("printf '%s' \"\(hook)\" >> conf")
    let outcome = try site.run(["build", "--json"] + BuildSite.subarch + ["2026-11-22"])
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains("stage1: | the disk is gone\n"), "\(outcome.errorText.suffix(3000))")
    #expect(outcome.errorText.contains("…"))
    let hooked = try site.workspace.run(["cat", "\(site.workspace.path)/hooked"]).text
    #expect(hooked.contains("the disk is gone"))
    for text in [outcome.errorText, outcome.text, hooked] {
      #expect(text.utf8.count < 100_000, "\(text.utf8.count) bytes")
    }
  }
}

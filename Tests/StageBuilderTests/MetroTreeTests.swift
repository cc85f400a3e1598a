import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("A spec tree written for Metro")
struct MetroTreeTests {
  @Test(
    "it does its own unpacking, capturing and triggers, with its steps in Metro's order",
    .enabled(if: Tool.exists("busybox")))
  func order() throws {
    let workspace = try Workspace()
    let tests = FilePath(#filePath).removingLastComponent()
    let configuration = """
      [section path]
      install: \(tests)/Specs/metro
      tmp: \(workspace.path)/tmp
      cache: $[path/tmp]/cache
      distfiles: $[path/tmp]/distfiles
      work: $[path/tmp]/work/$[target/build]/$[target/name]
      [section path/mirror]
      : \(workspace.mirror)
      [section snapshot/source]
      remote: \(tests)/Portage/tree
      [collect $[path/install]/etc/master.conf]
      """
    try Data(configuration.utf8).write(to: URL(fileURLWithPath: workspace.path.appending("conf").string))
    try workspace.shell(
      """
      '\(tests)/Portage/make-busybox-seed' .
      cd mirror; mkdir -p std/x86-64bit/gen/2026-11-01; cd std/x86-64bit/gen; mkdir -p .control/version .control/strategy
      mv ~/busybox-seed.tar 2026-11-01/stage3-gen-std-2026-11-01.tar
      echo 2026-11-01 > .control/version/stage3; echo local > .control/strategy/build
      """)
    let outcome = try workspace.run([
      "env", "MIRRORCTL_CONFIG=\(workspace.path.appending("conf"))", Program.path.string, "build", "std",
      "x86-64bit",
      "gen", "2026-11-23",
    ])
    try #require(outcome.status == 0, "\(outcome.errorText)")
    for target in ["stage1", "stage3"] {
      let trace = try workspace.shell("cat mirror/std/x86-64bit/gen/2026-11-23/trace-\(target).txt").text
      #expect(
        trace.split(separator: "\n") == [
          "unpack", "unpack/post", "chroot/prerun", "chroot/run", "chroot/grabinfo", "precapture",
          "chroot/postrun",
          "chroot/clean", "chroot/test", "chroot/postclean", "clean", "capture", "trigger/ok/run",
        ])
    }
    #expect(
      try workspace.shell("cat mirror/std/snapshots/trace-snapshot.txt").text == "run\ntrigger/ok/run\n")
  }
}

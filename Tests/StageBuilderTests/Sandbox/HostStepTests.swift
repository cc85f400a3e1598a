import Foundation
import Glibc
import StageBuilder
import SystemPackage
import TestSupport
import Testing

@Suite("A step on the host", .enabled(if: Host.isRoot, Host.needsRoot)) struct HostStepTests {
  @Test("can write to the directories of its plan, and nowhere else; what it creates is there afterwards")
  func writesOnlyThere() throws {
    let root = try SandboxRoot()
    try root.directory.shell(
      "mkdir -p scripts work/deep mirror other; chmod 700 scripts; echo own > log; echo own > other/file")
    let place = root.directory.path
    let (end, text) = try root.run(
      root.plan(
        """
        cd \(place)
        echo x > work/deep/new; ln work/deep/new work/link; echo x > mirror/new; echo x >> log
        for f in other/new other/file /etc/mirrorctl-test new; do (echo x > $f) 2> /dev/null && echo wrote $f; done
        rm -r other 2> /dev/null; f=$(mktemp) && echo x > $f && rm $f && echo done; echo x > /dev/null
        """
      ) {
        $0.root = nil
        $0.scriptDirectory = "\(place)/scripts"
        $0.writable = ["\(place)/work", "\(place)/mirror", "\(place)/log", "/missing"]
        $0.environment = ["PATH": "/usr/bin:/bin", "TMPDIR": "\(place)/scripts"]
      })
    #expect(end == .exited(0))
    #expect(text == "done\n")
    #expect(try root.directory.shell("cat work/link mirror/new log other/file").text == "x\nx\nown\nx\nown\n")
  }

  @Test("runs as mirrorctl's own user")
  func ownUser() throws {
    let root = try SandboxRoot()
    try root.directory.shell("mkdir -m 700 scripts")
    let (_, text) = try root.run(
      root.plan("cat /proc/self/uid_map; cat /etc/shadow > /dev/null && echo reads") {
        $0.root = nil
        $0.scriptDirectory = "\(root.directory.path)/scripts"
      })
    #expect(text.split(whereSeparator: \.isWhitespace) == ["0", "0", "4294967295", "reads"])
  }
}

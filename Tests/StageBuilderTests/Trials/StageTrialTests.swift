import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("A test of a stage", .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct StageTrialTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.shell(
      """
      mkdir -p root/bin root/etc root/dev root/tmp
      cp "$(command -v busybox)" root/bin/busybox
      for a in sh ls cat grep id sleep touch env; do ln -s busybox root/bin/$a; done
      echo 'NAME=Tiny' > root/etc/os-release
      tar --numeric-owner --owner=0 --group=0 -C root -cJf stage3.tar.xz .
      """)
  }

  /// Runs the verb; `@` stands for the working directory.
  private func test(_ arguments: [String], by user: [String] = []) throws -> Outcome {
    let work = ["--work", "\(workspace.path)/work"]
    return try workspace.run(
      user + [Program.path.string, "test"] + work
        + arguments.map { $0.hasPrefix("@") ? "\(workspace.path)/\($0.dropFirst())" : $0 })
  }

  /// Nothing is left of the run.
  private func leftovers() throws -> String { try workspace.shell("ls -A work").text }

  @Test("passes with the built-in check, and changes nothing", arguments: ["@stage3.tar.xz", "@root"])
  func passes(stage: String) throws {
    try workspace.shell(
      "find root -printf '%p %m %T@ %C@\\n' | sort > before; sha256sum stage3.tar.xz >> before")
    let outcome = try test([stage])
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(outcome.text.contains("/\(stage.dropFirst()): ran the built-in check, "), "\(outcome.text)")
    #expect(outcome.errorText == "")
    #expect(try leftovers() == "")
    try workspace.shell(
      "(find root -printf '%p %m %T@ %C@\\n' | sort; sha256sum stage3.tar.xz) | diff before -")
  }

  @Test("fails, with the reason, if the stage has no name or a program does not start")
  func builtIn() throws {
    // `true` of the host is linked dynamically, and its linker is not in the stage.
    try workspace.shell(
      "rm root/etc/os-release; mkdir -p root/usr/bin; cp /bin/true root/usr/bin/git; tar -C root -cf bad.tar ."
    )
    let outcome = try test(["--json", "@bad.tar"])
    #expect(outcome.status == 1)
    #expect(
      outcome.errorText.contains("bad.tar: failed its test: ran the built-in check"), "\(outcome.errorText)")
    #expect(outcome.errorText.contains("| failed: /etc/os-release: cannot be read"))
    #expect(outcome.errorText.contains("| failed: /usr/bin/git --version: exit status 127"))
    let report = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output)) as? [String: Any])
    #expect(report["passed"] as? Bool == false)
    let trial = try #require((report["tests"] as? [[String: Any]])?.first)
    #expect(trial["problem"] as? String == "it failed with exit status 1")
    #expect(try leftovers() == "")
  }

  @Test("runs a script of its own as root, without a network or the host's files")
  func script() throws {
    try workspace.shell(
      """
      printf '%s\\n' '#!/bin/sh' 'set -e' '[ "$(id -u)" = 0 ]' '[ ! -e \(workspace.path) ]' \
        'touch /etc/new' '! grep -v lo: /proc/net/dev | grep :' 'echo checked' > check
      printf '%s\\n' 'echo first; echo why >&2; exit 7' > failing
      """)
    #expect(try test(["--script", "@check", "@stage3.tar.xz"]).status == 0)
    let outcome = try test(["--script", "@failing", "@stage3.tar.xz"])
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains(": it failed with exit status 7\n"), "\(outcome.errorText)")
    #expect(outcome.errorText.hasSuffix("mirrorctl: | first\nmirrorctl: | why\n"))
    #expect(try leftovers() == "")
  }

  @Test("takes the script from the configuration, and ends it at its time limit")
  func limit() throws {
    try workspace.shell(
      """
      printf '%s\\n' '[section test]' 'timeout: 1s' 'script: [' '#!/bin/sh' 'echo begun; trap "" TERM; sleep 600' \
        ']' > conf
      """)
    let outcome = try test(["--config", "@conf", "@stage3.tar.xz"])
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains("ran the script, "), "\(outcome.errorText)")
    #expect(outcome.errorText.contains(": it did not end within 1 s\nmirrorctl: | begun\n"))
    try Host.wait { Host.processes(workspace.path.string).isEmpty }
  }

  @Test("works for ordinary users", .enabled(if: OrdinaryUser.isPossible, OrdinaryUser.reason))
  func ordinaryUser() throws {
    let user = try OrdinaryUser()
    try workspace.shell("mkdir work; chown \(user.name): work")
    let outcome = try test(["@stage3.tar.xz"], by: user.asUser)
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(try leftovers() == "")
  }

  @Test("is refused with the reason for files that cannot be tested")
  func wrong() throws {
    try workspace.shell(
      """
      mkdir empty; head -c 3000 stage3.tar.xz > cut.tar.xz; head -c 9000 /dev/zero > x.img; cp x.img x.txt
      head -c 1048577 /dev/zero | tr "\\0" "#" > big; cp x.img x.img.xz; cp stage3.tar.xz x.qcow2; cp x.img x.oci.tar
      """)
    for (arguments, message) in [
      (["@missing.tar.xz"], "missing.tar.xz: cannot examine"), (["@empty"], "does not contain a shell"),
      (["@cut.tar.xz"], "cut.tar.xz: is truncated"), (["@x.img"], "x.img: is not an image to boot"),
      (["@x.txt"], "x.txt: is neither a stage nor an image"), (["@x.img.xz"], "is compressed with xz"),
      (["@x.qcow2"], "x.qcow2: is not an image to boot"), (["@x.oci.tar"], "is an image for containers"),
      (["--script", "@none", "@stage3.tar.xz"], "none: cannot read"),
      (["--script", "@big", "@stage3.tar.xz"], "big: is larger than 1 MiB"),
    ] {
      let outcome = try test(arguments)
      #expect(outcome.status == 1, "\(arguments)")
      #expect(outcome.errorText.contains(message), "\(outcome.errorText)")
    }
    #expect(try test(["--expect", "(", "@stage3.tar.xz"]).status == 64)
    #expect(try test(["--timeout", "5", "@stage3.tar.xz"]).status == 64)
  }
}

import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("init") struct InitTests {
  private let workspace: Workspace

  /// Makes a stage3 of this machine's architecture, and one that claims to be 32-bit.
  init() throws {
    workspace = try Workspace()
    try workspace.shell(
      """
      mkdir -p pc/bin i386/bin; cp /bin/true pc/bin/bash; cp /bin/true i386/bin/bash
      printf '\\001' | dd of=i386/bin/bash bs=1 seek=4 conv=notrunc 2>/dev/null
      printf '\\003\\000' | dd of=i386/bin/bash bs=1 seek=18 conv=notrunc 2>/dev/null
      tar -C pc -cJf stage3-generic_64-funtoo-current-2011-12-13.tar.xz .
      tar -C i386 -cJf stage3-i686-funtoo-current-2011-12-13.tar.xz .
      """)
  }

  private func initialise(_ arguments: String...) throws -> Outcome {
    try workspace.run(workspace.command(["init"] + arguments))
  }

  private var seed: String { "\(workspace.path)/stage3-i686-funtoo-current-2011-12-13.tar.xz" }

  @Test("for a local build creates the same files as the tutorial's commands; a second run creates nothing")
  func local() throws {
    let outcome = try initialise("funtoo-current", "x86-32bit", "pentium4", "--local", seed)
    #expect(outcome.status == 0, "\(outcome.errorText)")
    try workspace.shell(
      """
      mkdir expected; cd expected
      install -d funtoo-current/x86-32bit/pentium4 funtoo-current/snapshots
      cd funtoo-current/x86-32bit/pentium4
      install -d 2011-12-13
      cp '\(seed)' 2011-12-13/stage3-pentium4-funtoo-current-2011-12-13.tar.xz
      install -d .control/version
      echo "2011-12-13" > .control/version/stage3
      install -d .control/strategy
      echo local > .control/strategy/build
      echo stage3 > .control/strategy/seed
      """)
    try expectSame()
    let again = try initialise("funtoo-current", "x86-32bit", "pentium4", "--local", seed)
    #expect(again.status == 0)
    #expect(again.text == "")
  }

  @Test(
    "refuses names with another meaning in a mirror",
    arguments: [
      ["funtoo-current", "snapshots", "pentium4"], ["streams", "x86-32bit", "pentium4"],
      ["project", "x86-32bit", "pentium4"],
    ])
  func otherPlaces(_ names: [String]) throws {
    let outcome = try workspace.run(workspace.command(["init"] + names + ["--local", seed]))
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains("\(names.joined(separator: "/")): is not a subarch"))
    #expect(try workspace.run(["find", workspace.mirror.string, "-name", "*.tar.xz"]).text == "")
  }

  @Test("for a remote build creates the same files as the tutorial's commands")
  func remote() throws {
    try #require(try initialise("funtoo-current", "x86-32bit", "pentium4", "--local", seed).status == 0)
    try workspace.shell(
      """
      cp -a mirror expected; rm expected/.mirrorctl.lock
      cd expected/funtoo-current/x86-32bit
      install -d core2_32; cd core2_32
      install -d .control/strategy
      echo remote > .control/strategy/build
      echo stage3 > .control/strategy/seed
      install -d .control/remote
      echo funtoo-current > .control/remote/build
      echo x86-32bit > .control/remote/arch_desc
      echo pentium4 > .control/remote/subarch
      """)
    let outcome = try initialise(
      "funtoo-current", "x86-32bit", "core2_32", "--remote", "funtoo-current/x86-32bit/pentium4")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    try expectSame()
    for other in [["x86-64bit", "generic_64"], ["amd64", "generic"], ["pure64", "generic_64"]] {
      let refused = try workspace.run(
        workspace.command(
          ["init", "funtoo-current"] + other + ["--remote", "funtoo-current/x86-32bit/pentium4"]))
      #expect(
        refused.errorText.contains(
          "is not for \(other.joined(separator: " ")): it is for 32-bit x86, not for 64-bit x86: use a stage for that"
        ),
        "\(refused.errorText)")
    }
    try expectSame()
  }

  private func expectSame() throws {
    let made = try Tree(workspace.mirror)
    let expected = try Tree(workspace.path.appending("expected"))
    #expect(made.differences(from: expected).filter { !$0.hasPrefix(".mirrorctl.") } == [])
  }

  @Test("refuses a seed of another architecture, a file that is not a tarball, and a remote without a stage3")
  func refusals() throws {
    let wrong = try initialise("funtoo-current", "x86-64bit", "generic_64", "--local", seed)
    #expect(
      wrong.errorText.contains(
        "is not for x86-64bit generic_64: its ./bin/bash is for 32-bit x86, not for 64-bit x86: use a stage for that"
      ))
    let gentoo = "\(workspace.path)/stage3-generic_64-funtoo-current-2011-12-13.tar.xz"
    #if arch(x86_64)
      #expect(
        try initialise("gentoo", "x86", "i686", "--local", gentoo).errorText.contains(
          "is not for x86 i686: its ./bin/bash is for 64-bit x86, not for 32-bit x86"))
    #endif
    try workspace.shell(
      "echo hello > note-2020-01-01.tar.xz; : > empty-2020-01-01.tar; head -c 300 '\(seed)' > cut-2020-01-01.tar.xz"
    )
    for name in [
      "note-2020-01-01.tar.xz", "empty-2020-01-01.tar", "cut-2020-01-01.tar.xz", "gone-2020-01-01.tar.xz",
    ] {
      let outcome = try initialise("b", "x86-64bit", "s", "--local", "\(workspace.path)/\(name)")
      #expect(outcome.status == 1, "\(name)")
      #expect(outcome.errorText.hasPrefix("mirrorctl: \(workspace.path)/\(name): "), "\(outcome.errorText)")
    }
    let remote = try initialise("b", "x86-64bit", "s", "--remote", "b/x86-64bit/none")
    #expect(remote.errorText.contains("b/x86-64bit/none: has no stage3 to build from"))
    for (bad, status) in [(["b", "a", "../x"], 1), (["", "a", "s"], 64), (["b", "a", ".hidden"], 1)] {
      #expect(try initialise(bad[0], bad[1], bad[2], "--local", seed).status == status)
    }
    #expect(try workspace.shell("ls -A mirror").text == ".mirrorctl.lock\n")
  }

  @Test("accepts a seed exactly if it can be unpacked, whatever follows its first program")
  func wholeSeed() throws {
    try workspace.shell(
      """
      tar -C pc -cf plain.tar .; gzip -c plain.tar > ok-1.tar.gz; head -c 700 /dev/zero >> ok-1.tar.gz
      pixz -k plain.tar ok-2.tar.xz; cp plain.tar bad-1.tar; printf garbage >> bad-1.tar
      gzip -c plain.tar > bad-2.tar.gz; printf garbage >> bad-2.tar.gz
      head -c 10240 /dev/zero > bad-3.tar; head -c 20000 plain.tar > bad-4.tar; mkdir root
      """)
    for name in ["ok-1.tar.gz", "ok-2.tar.xz", "bad-1.tar", "bad-2.tar.gz", "bad-3.tar", "bad-4.tar"] {
      let path = "\(workspace.path)/\(name)"
      let stem = name.prefix { $0 != "." }
      let seed = "\(workspace.path)/stage3-\(stem)-2020-01-01\(name.dropFirst(stem.count))"
      try workspace.shell("cp '\(path)' '\(seed)'; rm -rf root; mkdir root")
      let made = try initialise("b", "x86-64bit", String(stem), "--local", seed)
      let unpacked = try workspace.run([Program.path.string, "unpack", path, "\(workspace.path)/root"])
      #expect(made.status == (name.hasPrefix("ok") ? 0 : 1), "\(name): \(made.errorText)")
      #expect(unpacked.status == made.status, "\(name): \(unpacked.errorText)")
    }
  }

  @Test("runs no program because of a seed's first bytes")
  func filters() throws {
    try workspace.shell(
      """
      mkdir bin; printf '#!/bin/sh\\n: > %s/ran; cat\\n' "$PWD" > bin/lrzip; cp bin/lrzip bin/grzip; chmod +x bin/*
      { printf 'LRZI\\000\\006'; head -c 4096 /dev/zero; } > stage3-lrzip-2020-01-01.tar.xz
      { printf 'GRZipII\\000\\002\\004:)'; head -c 4096 /dev/zero; } > stage3-grzip-2020-01-01.tar.xz
      """)
    for name in ["stage3-lrzip-2020-01-01.tar.xz", "stage3-grzip-2020-01-01.tar.xz"] {
      let command = workspace.command(["init", "b", "x86-64bit", "s", "--local", "\(workspace.path)/\(name)"])
      let outcome = try workspace.run(["env", "PATH=\(workspace.path)/bin:/usr/bin:/bin"] + command)
      #expect(outcome.status == 1 && outcome.errorText.contains(name), "\(outcome.errorText)")
    }
    #expect(!FileManager.default.fileExists(atPath: "\(workspace.path)/ran"))
  }

  @Test("keeps files with other content, and creates nothing beside them")
  func conflict() throws {
    try #require(try initialise("b", "x86-32bit", "s", "--local", seed).status == 0)
    try workspace.shell(
      "rm mirror/b/x86-32bit/s/.control/strategy/seed; echo remote > mirror/b/x86-32bit/s/.control/strategy/build"
    )
    let outcome = try initialise("b", "x86-32bit", "s", "--local", seed)
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains("strategy/build: contains `remote`, not `local`: remove it"))
    #expect(try workspace.shell("ls mirror/b/x86-32bit/s/.control/strategy").text == "build\n")
  }

  @Test("takes the date from --version if the seed's name has none")
  func version() throws {
    try workspace.shell("cp '\(seed)' seed.tar.xz")
    let without = try initialise("b", "x86-32bit", "s", "--local", "\(workspace.path)/seed.tar.xz")
    #expect(
      without.errorText.hasSuffix("has no date in its name: use --version YYYY-MM-DD or YYYYMMDDTHHMMSSZ\n"))
    let outcome = try initialise(
      "b", "x86-32bit", "s", "--local", "\(workspace.path)/seed.tar.xz", "--version", "2020-02-29")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(
      try workspace.shell("ls mirror/b/x86-32bit/s/2020-02-29").text == "stage3-s-b-2020-02-29.tar.xz\n")
  }
}

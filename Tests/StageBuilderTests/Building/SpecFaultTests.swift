import Foundation
import SystemPackage
import TestSupport
import Testing

/// A fault in the specification of a target, and the message about it.
struct SpecFault: CustomTestStringConvertible, Sendable {
  let testDescription: String
  /// Added to the configuration.
  var text = ""
  var mode = "full"
  /// On the command line.
  var definitions: [String] = []
  let says: String

  static let all = [
    SpecFault(
      testDescription: "an undefined reference in a step of the last target",
      text: "[section steps/chroot when target is stage3]\npostrun: [\n#!/bin/sh\necho $[no/thing]\n]\n",
      says: "`no/thing` is not defined"),
    SpecFault(
      testDescription: "a step that is a single line",
      text: "[section steps/chroot when target is stage3]\ntest: true\n", says: "is not a script"),
    SpecFault(
      testDescription: "a step whose name does not exist",
      text: "[section steps/chroot when target is stage3]\nprernu: [\n#!/bin/sh\ntrue\n]\n",
      says: "steps/chroot/prernu: is not a step: did you mean `steps/chroot/prerun`?"),
    SpecFault(
      testDescription: "an unknown mode", mode: "fulll",
      says: "fulll: is not a build mode: did you mean `full`?"),
    SpecFault(
      testDescription: "an unknown image", mode: "full+nosuch",
      says: "target/class: is not defined for the target nosuch"),
    SpecFault(
      testDescription: "a class that cannot be built", definitions: ["target/class:", "ec2"],
      says: "target/class: `ec2` (target snapshot) is not supported"),
    SpecFault(
      testDescription: "an unknown network", definitions: ["build/network:", "some"],
      says: "build/network: `some` is neither host nor none"),
    SpecFault(
      testDescription: "a compression level that is not a number", definitions: ["capture/level:", "high"],
      says: "capture/level: `high` is not a number"),
    SpecFault(
      testDescription: "a compression level that does not exist", definitions: ["capture/level:", "99"],
      says: "capture/level: xz has levels 0 to 9"),
    SpecFault(
      testDescription: "an unknown compression", definitions: ["target/compression:", "lzip"],
      says: "is neither a compressed tarball nor a squashfs image"),
    SpecFault(
      testDescription: "an unknown time of compression", definitions: ["capture/compress:", "never"],
      says: "capture/compress: `never` is neither now nor later"),
    SpecFault(
      testDescription: "a record outside .control/version",
      definitions: ["target/control/version:", "../x"], says: "target/control/version: `../x` is not a path"),
    SpecFault(
      testDescription: "a root outside the work directory", definitions: ["path/chroot:", "/elsewhere"],
      says: "path/chroot: `/elsewhere` is not in path/work"),
    SpecFault(
      testDescription: "a tree to capture outside the work directory",
      definitions: ["path/chroot/stage:", "/elsewhere"], says: "path/chroot/stage: `/elsewhere` is neither in"
    ),
    SpecFault(
      testDescription: "a mount point that is not a path", definitions: ["mounts/distfiles:", "distfiles"],
      says: "mounts/distfiles: `distfiles` is not a directory in the stage"),
    SpecFault(
      testDescription: "a cache that is not a path", definitions: ["path/distfiles:", "distfiles"],
      says: "path/distfiles: `distfiles` is not an absolute path"),
    SpecFault(
      testDescription: "a package tree outside the stage",
      definitions: ["snapshot/destination:", "/var/../.."],
      says: "snapshot/destination: `/var/../..` is not a directory in the stage"),
    SpecFault(
      testDescription: "an unknown kind of snapshot", definitions: ["snapshot/type:", "undead"],
      says: "snapshot/type: `undead` is neither live nor dead"),
    SpecFault(
      testDescription: "an unknown source of a snapshot", definitions: ["snapshot/source/type:", "svn"],
      says: "snapshot/source/type: `svn` is not a snapshot source"),
    SpecFault(
      testDescription: "a link outside the mirror",
      definitions: ["path/mirror/target/link:", "/latest.tar.xz"],
      says: "path/mirror/target/link: `/latest.tar.xz` is not in the mirror"),
    SpecFault(
      testDescription: "a version that is not a date", definitions: ["target/version:", "today"],
      says: "target/version: `today` is not a date"),
  ]
}

@Suite("What is wrong with a specification", .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct SpecFaultTests {
  static let steps = "[section steps/chroot]\nrun: [\n#!/bin/sh\necho x > /etc/built\n]\n"

  @Test("is found before the first target starts, and aborts the build", arguments: SpecFault.all)
  func aborted(_ fault: SpecFault) throws {
    let site = try BuildSite(Self.steps + fault.text)
    let words = BuildSite.subarch + [fault.mode, "2026-11-22"] + fault.definitions
    let pretended = try site.run(["build", "--pretend"] + words)
    #expect(pretended.status == 1, "\(pretended.text)")
    #expect(pretended.errorText.contains(fault.says), "\(pretended.errorText)")
    let outcome = try site.run(["build", "--json"] + words)
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains(fault.says), "\(outcome.errorText)")
    #expect(outcome.text.contains("\"outcome\" : \"aborted\""), "\(outcome.text)")
    #expect(try site.listingOfVersions() == ["2026-11-01"])
    #expect(site.text(".control/.failcount") == nil)
    #expect(try site.workspace.run(["find", "\(site.workspace.mirror)/std", "-name", "portage*"]).text == "")
  }

  @Test("includes a target without a script")
  func empty() throws {
    let site = try BuildSite()
    let outcome = try site.build("full", "2026-11-22", "--pretend")
    #expect(outcome.status == 1)
    #expect(
      outcome.errorText.contains("steps/chroot/run: is not defined for the target stage1"),
      "\(outcome.errorText)")
  }

  @Test("does not include what an earlier target writes, or what is there already")
  func later() throws {
    // Nothing but stage1 of this build writes the record.
    let site = try BuildSite(
      Self.steps + """
        [section made when target is stage3]
        : << $[path/mirror/target/control]/version/stage1
        [section steps/chroot when target is stage3]
        prerun: [
        #!/bin/sh
        echo $[made] > /etc/made
        ]

        """)
    let pretended = try site.build("full", "2026-11-22", "--pretend")
    #expect(pretended.status == 0, "\(pretended.errorText)")
    #expect(pretended.text.contains("stage3: std/x86-64bit/gen/2026-11-22/"))
    try site.succeed(["build"] + BuildSite.subarch + ["2026-11-22"])
    #expect(try site.file("./etc/made", in: "2026-11-22/stage3-gen-std-2026-11-22.tar.xz") == "2026-11-22\n")
    // The snapshot is not made again, so that its source does not matter.
    try site.succeed(["build"] + BuildSite.subarch + ["2026-11-22", "snapshot/source/type:", "none"])
  }

  @Test("does not run code of the configuration")
  func code() throws {
    let site = try BuildSite(
      Self.steps + """
        [section steps/chroot when target is stage3]
        prerun: [
        #!/bin/sh
        <?python
        open("ran", "w").close()
        ?>
        ]

        """)
    let outcome = try site.build("full", "2026-11-22", "--pretend")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(!FileManager.default.fileExists(atPath: "ran"))
  }
}

@Suite("Names that do not exist")
struct UnknownNameTests {
  /// Runs `build --pretend` with mirrorctl's own spec tree.
  private func pretend(_ tree: SpecSite, _ words: String...) throws -> Outcome {
    try tree.workspace.run(
      ["env", "MIRRORCTL_CONFIG=\(tree.workspace.path)/conf", Program.path.string, "build", "--pretend"]
        + words)
  }

  private func site() throws -> SpecSite {
    let tree = try SpecSite()
    try tree.workspace.shell(": > mirror/.mirrorctl.mirror")
    return tree
  }

  @Test(
    "are reported, with similar ones",
    arguments: [
      (
        ["gentoo", "x86-64bit", "core2_46"],
        "gentoo/x86-64bit/core2_46: no such subarch `core2_46` for x86-64bit; did you mean `core2_64`?: "
      ),
      (
        ["gentoo", "x86-64bti", "core2_64"],
        "gentoo/x86-64bti: no such architecture `x86-64bti` for gentoo; did you mean `x86-64bit`?: "
      ),
      (["gentooo", "x86-64bit", "core2_64"], "gentooo: no such build `gentooo`; did you mean `gentoo`?: "),
      (["gentoo", "x86-64bit", "zen"], "x86-64bit/zen/.control: does not exist: the subarch has no seed"),
      // It exists, but not here.
      (["gentoo", "x86-64bit", "core2_32"], "core2_32/.control: does not exist: the subarch has no seed"),
      (
        ["gentoo", "x86-64bit", "core2_64", "nosuch"],
        "nosuch: is not a build mode: use freshen, full, quick, stage1"
      ),
      (["gentoo", "x86-64bit", "core2_64", "full+lxdd"], "lxdd: is not a target: "),
      (["gentoo", "x86-64bit", "core2_64", "full+lxdd"], "lxdd.spec does not exist: did you mean `lxd`?"),
    ])
  func unknown(words: [String], says: String) throws {
    let tree = try site()
    let outcome = try tree.workspace.run(
      ["env", "MIRRORCTL_CONFIG=\(tree.workspace.path)/conf", Program.path.string, "build", "--pretend"]
        + words)
    #expect(outcome.status == 1, "\(outcome.text)")
    #expect(outcome.errorText.contains(says), "\(outcome.errorText)")
  }

  @Test("are not reported if they exist")
  func known() throws {
    let tree = try site()
    for mode in ["full", "freshen", "quick", "stage1", "full+openvz+lxd"] {
      let outcome = try pretend(tree, "gentoo", "x86-64bit", "core2_64", mode)
      #expect(outcome.status == 0, "\(mode): \(outcome.errorText)")
    }
  }

  @Test("in a collect are named, with file and line")
  func collects() throws {
    let tree = try site()
    try tree.workspace.shell("sed -i 's|^.collect .*|[collect $[path/instal]/etc/master.conf]|' conf")
    let outcome = try pretend(tree, "gentoo", "x86-64bit", "core2_64")
    #expect(outcome.status == 1)
    #expect(
      outcome.errorText
        == """
        mirrorctl: \(tree.workspace.path)/conf:5: `path/instal` is not defined, so this file is not collected, \
        and multi/targets is not defined: did you mean `path/install`?

        """)
  }
}

import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("config check with a spec tree") struct SampleCheckTests {
  private static let tests = FilePath(#filePath).removingLastComponent().removingLastComponent()
  private static let own = tests.removingLastComponent().appending("Sources/StageBuilder/Specs")
  private static let metro = tests.appending("StageBuilderTests/Specs/metro")

  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  /// A configuration as Metro's tutorial ends it, with further lines before and after that line.
  private func configure(_ tree: FilePath = own, before: String = "", after: String = "") throws {
    let text = """
      [section path]
      install: \(tree)
      tmp: \(workspace.path)/tmp
      cache: $[path/tmp]/cache
      distfiles: $[path/tmp]/distfiles
      work: $[path/tmp]/work/$[target/build]/$[target/name]
      [section path/mirror]
      : \(workspace.mirror)
      \(before)
      [collect $[path/install]/etc/master.conf]
      \(after)
      """
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(workspace.path)/.metro"))
  }

  private func check() throws -> Outcome { try workspace.run([Program.path.string, "config", "check"]) }

  /// A subarch that `init` prepared, in an otherwise empty mirror.
  private func prepare(_ path: String) throws {
    try workspace.shell(
      """
      mkdir -p mirror/\(path)/.control/strategy mirror/\(path)/.control/version
      cd mirror/\(path)/.control
      echo local > strategy/build; echo stage3 > strategy/seed; echo 2026-11-01 > version/stage3
      """)
  }

  @Test("a sound configuration has no fault, and the check says what it assumed")
  func sound() throws {
    try configure()
    let outcome = try check()
    #expect(outcome.status == 0 && outcome.errorText == "", "\(outcome.errorText)")
    #expect(
      outcome.text.contains(
        "checked as a build of gentoo/x86-64bit/generic_64, an example, as the mirror contains no subarch: "
          + "snapshot stage1 stage3 stage3-freshen stage3-quick stage4 openvz vserver lxc lxd stage2\n"),
      "\(outcome.text)")
    try prepare("gentoo/arm64/raspi4")
    #expect(try check().text.contains("a build of gentoo/arm64/raspi4, which is in the mirror: snapshot"))
    #expect(try check().errorText == "")
    try configure(Self.metro, before: "[section snapshot/source]\nremote: /srv/tree")
    let metro = try check()
    #expect(metro.status == 0 && metro.errorText == "", "\(metro.errorText)")
    #expect(metro.text.contains(": snapshot stage1 stage3\n"), "\(metro.text)")
  }

  @Test("a fault is found in whatever target it is, once")
  func faults() throws {
    try configure(
      before: """
        [section emerge]
        packages: $[my/packages]
        [section target/spec when target is web]
        : stage4
        [section stage4 when target is web]
        packages: $[my/sevrer]
        [section my]
        server: www-servers/nginx
        """)
    let outcome = try check()
    #expect(outcome.status == 1)
    #expect(
      outcome.errorText.components(separatedBy: "`my/packages` is not defined").count == 2,
      "\(outcome.errorText)")
    #expect(outcome.errorText.contains("`my/sevrer` is not defined: did you mean `my/server`?"))
    #expect(outcome.errorText.components(separatedBy: "mirrorctl: ").count == 3, "\(outcome.errorText)")
    try configure(
      Self.metro, before: "[section snapshot/source]\nremote: /srv/tree",
      after: "[section multi]\nextras: stage9\n")
    #expect(try check().errorText.contains("stage9.spec"))
  }

  @Test("keys of the package tree, and definitions on the command line, are checked too")
  func keys() throws {
    try configure(before: "[section snapshot]\nverify: DCD05B71EAB94199527F44ACDB6B8C1F96D8BF6D")
    #expect(
      try check().errorText.contains(
        "snapshot/verify: `DCD05B71EAB94199527F44ACDB6B8C1F96D8BF6D` is not the path of a file of public keys"
      ))
    try configure()
    let outcome = try workspace.run([Program.path.string, "config", "check", "snapshot/verify:", "nothing"])
    #expect(outcome.errorText.components(separatedBy: "\n").count == 2, "\(outcome.errorText)")
    #expect(outcome.errorText.contains("snapshot/verify: `nothing` is not"))
  }

  @Test("without a spec tree of its own, it is checked with mirrorctl's")
  func implied() throws {
    try Data("[section path]\nmirror: \(workspace.mirror)\n[section portage]\nUSE: $[my/use]\n".utf8)
      .write(to: URL(fileURLWithPath: "\(workspace.path)/.metro"))
    let outcome = try check()
    #expect(
      outcome.status == 1 && outcome.errorText.contains("`my/use` is not defined"), "\(outcome.errorText)")
    #expect(outcome.text.contains("checked as a build of"), "\(outcome.text)")
  }

  @Test("an element whose conditions do not hold is not suggested in its own place")
  func conditions() throws {
    try configure(before: "[section rotation]\narches: vax\n")
    let outcome = try check()
    #expect(outcome.status == 1)
    #expect(
      outcome.errorText.contains(
        "`arch/profile` is not defined: no condition of its definitions is true, such as `target/subarch is x32`"
      ), "\(outcome.errorText)")
    #expect(
      outcome.text.contains("gentoo/vax/generic_64, with names of [section rotation]"), "\(outcome.text)")
  }

  @Test("a name in the rotation that exists nowhere is reported, also by what uses the rotation")
  func typos() throws {
    try prepare("gentoo/amd64/core2_64")
    try configure(
      before: "[section rotation]\nbuilds: gentoo\narches: amd64\nsubarches: core2_64 core2_46 generic_64\n")
    let typo =
      "rotation/subarches: `core2_46` is neither in the mirror nor known to the specs: "
      + "did you mean core2_64?\n"
    let checked = try check()
    #expect(checked.status == 0)
    #expect(checked.errorText.contains(typo))
    // This one is no mistake; it is only not prepared yet.
    #expect(checked.errorText.contains("`generic_64` is not in the mirror: prepare it with `mirrorctl init`"))
    try workspace.shell(": > mirror/.mirrorctl.mirror")
    for verb in [["nextbuild"], ["empties"], ["zap"], ["build", "--pretend"]] {
      #expect(try workspace.run([Program.path.string] + verb).errorText.contains(typo), "\(verb)")
    }
    #expect(try workspace.run([Program.path.string, "nextbuild"]).errorText == "mirrorctl: \(typo)")
    try configure(before: "[section rotation]\narches: adm64 amd64\n")
    #expect(
      try workspace.run([Program.path.string, "nextbuild"]).errorText.contains(
        "rotation/arches: `adm64` is neither in the mirror nor known to the specs: did you mean amd64?"))
  }
}

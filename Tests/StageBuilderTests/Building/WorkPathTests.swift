import Foundation
import SystemPackage
import TestSupport
import Testing

/// A configuration with a directory that a build must not empty.
///
/// All directories are in the test's own directory, since a program that fails the test empties them.
/// Directories of the machine are only checked, by ``WorkPlacesTests``.
struct ForbiddenPlace: CustomTestStringConvertible, Sendable {
  let testDescription: String
  /// Shell commands that prepare it.
  var setup = "true"
  /// Definitions on the command line; `@` is the site's directory.
  let definitions: [String]
  /// The expected message.
  let says: String

  static let all = [
    ForbiddenPlace(
      testDescription: "the mirror", definitions: ["path/work:", "@/mirror"], says: "is the mirror, @/mirror"),
    ForbiddenPlace(
      testDescription: "the mirror, with a slash and dots",
      definitions: ["path/work:", "@/tmp/.././mirror//"],
      says: "is the mirror, @/mirror"),
    ForbiddenPlace(
      testDescription: "the mirror through a link", setup: "ln -s mirror link",
      definitions: ["path/work:", "@/link"], says: "is the mirror, @/mirror"),
    ForbiddenPlace(
      testDescription: "a new directory in the mirror through a link", setup: "ln -s mirror/std link",
      definitions: ["path/work:", "@/link/new/work"], says: "is inside the mirror, @/mirror"),
    ForbiddenPlace(
      testDescription: "a directory in the mirror", definitions: ["path/work:", "@/mirror/std/x86-64bit"],
      says: "is inside the mirror, @/mirror"),
    ForbiddenPlace(
      testDescription: "a directory above the mirror", definitions: ["path/work:", "@"],
      says: "contains the mirror, @/mirror"),
    ForbiddenPlace(
      testDescription: "path/tmp", setup: "mkdir -m 700 tmp", definitions: ["path/work:", "@/tmp"],
      says: "is path/tmp, @/tmp"),
    ForbiddenPlace(
      testDescription: "the package cache", setup: "mkdir -p tmp/packages/app",
      definitions: ["path/work:", "@/tmp/packages"], says: "is path/cache/package, @/tmp/packages"),
    ForbiddenPlace(
      testDescription: "a directory in distfiles", setup: "mkdir -p distfiles",
      definitions: ["path/work:", "@/distfiles/work", "path/distfiles:", "@/distfiles"],
      says: "is inside path/distfiles, @/distfiles"),
    ForbiddenPlace(
      testDescription: "the directory of a local package tree", definitions: ["path/work:", "@/tree"],
      says: "is snapshot/source/remote, @/tree"),
    ForbiddenPlace(
      testDescription: "a home", setup: "mkdir home", definitions: ["path/work:", "@/home"],
      says: "is the home directory of"),
    ForbiddenPlace(
      testDescription: "a directory of the user's", setup: "mkdir -p mine; echo thesis > mine/thesis",
      definitions: ["path/work:", "@/mine"], says: "is not empty"),
    ForbiddenPlace(
      testDescription: "a directory whose lock is another program's",
      setup: "echo dependencies > flake.lock", definitions: ["path/work:", "@/flake"],
      says: "was not created by mirrorctl"),
    ForbiddenPlace(
      testDescription: "a path/tmp in the mirror", definitions: ["path/tmp:", "@/mirror/std"],
      says: "is inside the mirror, @/mirror"),
  ]
}

@Suite(
  "A work directory that is not the build's to empty", .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct WorkPathTests {
  private func run(_ site: BuildSite, _ arguments: [String]) throws -> Outcome {
    try site.workspace.run(["env", "HOME=\(site.workspace.path)/home"] + site.command(arguments))
  }

  @Test("is refused before anything happens, by build, --pretend and doctor", arguments: ForbiddenPlace.all)
  func refused(_ place: ForbiddenPlace) throws {
    let site = try BuildSite()
    let path = site.workspace.path
    try site.workspace.shell(place.setup)
    let definitions = place.definitions.map { $0.replacing("@", with: "\(path)") }
    let says = place.says.replacing("@", with: "\(path)")
    let before = try Tree(path)
    for pretend in [["--pretend"], []] {
      let outcome = try run(
        site, ["build"] + pretend + BuildSite.subarch + ["full", "2026-11-23"] + definitions)
      #expect(outcome.status == 5, "\(outcome.errorText)")
      #expect(outcome.errorText.contains(says), "\(outcome.errorText)")
      #expect(try Tree(path).differences(from: before).filter { !$0.hasPrefix("state") } == [])
    }
    let doctor = try run(
      site,
      ["doctor", "target:", "snapshot", "target/build:", "std", "target/version:", "2026-11-23"] + definitions
    )
    #expect(doctor.status == 1, "\(doctor.text)\(doctor.errorText)")
    #expect(doctor.text.contains(says), "\(doctor.text)\(doctor.errorText)")
    #expect(try Tree(path).differences(from: before).filter { !$0.hasPrefix("state") } == [])
  }

  @Test("is refused if the mirror is also mounted under another name")
  func mounted() throws {
    let site = try BuildSite()
    let path = site.workspace.path
    try site.workspace.shell("mkdir other")
    for work in ["other", "other/std/x86-64bit"] {
      let command = site.command(
        ["build"] + BuildSite.subarch + ["full", "2026-11-23", "path/work:", "\(path)/\(work)"])
      let outcome = try site.workspace.run(
        ["unshare", "-m", "sh", "-c", "mount --bind \(path)/mirror \(path)/other; exec \"$@\"", "sh"]
          + command)
      #expect(outcome.status == 5, "\(outcome.errorText)")
      #expect(outcome.errorText.contains("the mirror, \(path)/mirror"), "\(outcome.errorText)")
    }
    #expect(site.text(".control/version/stage3") != nil)
  }

  @Test("is also refused for the copy of an rsync tree and for a git cache")
  func caches() throws {
    let site = try BuildSite()
    let path = site.workspace.path
    try site.workspace.shell("mkdir -p cache/rsync/std cache/git/std; echo mine > cache/rsync/std/mine")
    try site.workspace.shell(
      "git init -q cache/git/std; git -C cache/git/std commit -q --allow-empty -m x || true")
    let before = try Tree(path.appending("cache"))
    for (type, said) in [("rsync", "\(path)/cache/rsync/std"), ("git", "\(path)/cache/git/std")] {
      let outcome = try run(
        site,
        [
          "snapshot", "std", "2026-11-23", "snapshot/source/type:", type, "path/cache/git:",
          "\(path)/cache/git",
        ])
      #expect(outcome.status == 5, "\(outcome.errorText)")
      #expect(outcome.errorText.contains(said), "\(outcome.errorText)")
      #expect(try Tree(path.appending("cache")).differences(from: before) == [])
    }
    let inside = try run(
      site,
      [
        "snapshot", "std", "2026-11-23", "snapshot/source/type:", "rsync", "path/cache/git:",
        "\(path)/mirror/git",
      ])
    #expect(inside.status == 5, "\(inside.errorText)")
    #expect(inside.errorText.contains("is inside the mirror"), "\(inside.errorText)")
  }

  @Test("does not include a work directory left by a killed build, or one that was kept")
  func leftovers() throws {
    let site = try BuildSite(
      """
      [section steps/chroot]
      run: [
      #!/bin/sh
      echo x > /root/left
      exit 1
      ]

      """)
    let failed = try site.build("full", "2026-11-23", "--keep-work")
    #expect(failed.status == 1)
    let work = site.workspace.path.appending("tmp/work/std/stage1-gen-std-2026-11-23")
    #expect(FileManager.default.fileExists(atPath: "\(work)/root/left"))
    let again = try site.build("full", "2026-11-23")
    #expect(again.status == 1)
    #expect(again.errorText.contains("exit status 1"), "\(again.errorText)")
    #expect(!FileManager.default.fileExists(atPath: "\(work)"))
    #expect(try site.workspace.shell("ls tmp/work/std").text == "")
    // As left by version 0.1: without a mark that identifies this directory.
    try site.workspace.shell(
      "mkdir -p \(work)/root; echo x > \(work)/root/x; printf 'mirrorctl work directory\\n1\\n' > \(work).lock"
    )
    let old = try site.build("full", "2026-11-23")
    #expect(old.status == 5, "\(old.errorText)")
    #expect(old.errorText.contains("\(work): is not empty"), "\(old.errorText)")
    #expect(FileManager.default.fileExists(atPath: "\(work)/root/x"))
    #expect(site.text(".control/.failcount") == "2\n")
  }

  @Test(
    "that another user prepared in a sticky directory is refused, and counts no failure",
    .enabled(if: Host.isRoot, Host.needsRoot),
    arguments: [
      ("mkdir -m 700 real; ln -s ../real shared/work; chown -h 65534 shared/work", "shared/work/sub"),
      ("touch shared/work.lock; chown 65534 shared/work.lock", "shared/work"),
      ("mkdir shared/work; chown 65534 shared/work", "shared/work"),
    ])
  func prepared(trap: String, work: String) throws {
    let site = try BuildSite()
    try site.workspace.shell("mkdir shared; chmod 1777 shared; \(trap)")
    let before = try Tree(site.workspace.path.appending("shared"))
    let outcome = try run(
      site,
      ["build"] + BuildSite.subarch + [
        "full", "2026-11-23", "path/work:", "\(site.workspace.path)/\(work)",
      ])
    #expect(outcome.status == 5, "\(outcome.errorText)")
    #expect(outcome.errorText.contains("\(site.workspace.path)/shared/work"), "\(outcome.errorText)")
    #expect(try Tree(site.workspace.path.appending("shared")).differences(from: before) == [])
    #expect(site.text(".control/.failcount") == nil)
  }

  @Test(
    "and caches on a path that another user can change are refused",
    .enabled(if: Host.isRoot, Host.needsRoot))
  func cachesOfOthers() throws {
    let site = try BuildSite()
    let path = site.workspace.path
    try site.workspace.shell("mkdir shared real; chmod 1777 shared; ln -s ../real shared/cache")
    try site.workspace.shell("chown -h 65534 shared/cache")
    for key in ["path/distfiles:", "path/cache/package:"] {
      let outcome = try run(
        site, ["build"] + BuildSite.subarch + ["full", "2026-11-23", key, "\(path)/shared/cache/new"])
      #expect(outcome.status == 5, "\(outcome.errorText)")
      #expect(outcome.errorText.contains("\(path)/shared/cache: is a link of"), "\(outcome.errorText)")
    }
    for type in ["rsync", "git"] {
      let outcome = try run(
        site,
        [
          "snapshot", "std", "2026-11-23", "snapshot/source/type:", type, "path/cache/git:",
          "\(path)/shared/cache/git",
        ])
      #expect(outcome.status == 5, "\(outcome.errorText)")
    }
    #expect(try Tree(path.appending("real")).nodes.isEmpty)
    #expect(site.text(".control/.failcount") == nil)
  }
}

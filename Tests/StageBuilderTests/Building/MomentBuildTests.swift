import Foundation
import MirrorModel
import SystemPackage
import TestSupport
import Testing

@testable import StageBuilder

@Suite("Builds whose version is a moment", .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct MomentBuildTests {
  private let site: BuildSite
  private static let specs = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .appending("Specs/trivial")
  private static let own = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .removingLastComponent().removingLastComponent().appending("Sources/StageBuilder/Specs")

  /// A site with the trivial spec tree, two subarches in the rotation, and a seed of the year 2020.
  init() throws {
    site = try BuildSite(isPrepared: false)
    try configure("type: local")
    let seed = site.workspace.path.appending("stage3-gen-2026-11-01.tar.xz").string
    try site.succeed(["init"] + BuildSite.subarch + ["--local", seed, "--version", "2020-01-01"])
  }

  private func configure(_ source: String) throws {
    try site.write(
      "conf",
      """
      [section rotation]
      builds: std
      arches: x86-64bit
      subarches: gen two
      stale-days: 0
      [section path]
      install: \(Self.specs)
      specs: \(Self.own)
      tmp: \(site.workspace.path)/tmp
      [section path/mirror]
      : \(site.workspace.mirror)
      [section capture]
      level: 1
      [section snapshot/source]
      \(source)
      remote: \(site.workspace.path)/tree
      branch: stable
      [collect $[path/install]/etc/master.conf]

      """)
  }

  private static let commit = "build/version:"

  /// Commits a change to the tree at a time.
  private func commit(_ text: String, at time: String) throws {
    try site.workspace.shell(
      """
      export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a \
        GIT_COMMITTER_EMAIL=a@b GIT_COMMITTER_DATE='\(time)'
      [ -d tree/.git/objects ] || { rm -rf tree/.git; git init -q -b stable tree; }
      echo '\(text)' > tree/state; git -C tree add .; git -C tree commit -qm '\(text)'
      """)
  }

  private var latest: String? {
    get throws { try site.workspace.shell("readlink '\(site.subarchPath)/stage3-latest.tar.xz'").text }
  }

  @Test("are named by it, contain nothing that is newer, and yield the latest link to no earlier one")
  func moment() throws {
    for version in ["20200628T170302Z", "20200628T030000Z", "2020-06-28"] {
      try site.succeed(["build"] + BuildSite.subarch + ["full", version])
      #expect(site.text("\(version)/status") == "ok")
      #expect(try latest == "20200628T170302Z/stage3-gen-std-20200628T170302Z.tar.xz\n")
      #expect(site.text(".control/version/stage3") == "20200628T170302Z\n")
    }
    let snapshots = site.workspace.mirror.appending("std/snapshots")
    #expect(
      try site.workspace.shell("readlink '\(snapshots)/portage-latest.tar.xz'").text
        == "portage-20200628T170302Z.tar.xz\n")
    for tarball in [
      snapshots.appending("portage-20200628T170302Z.tar.xz"),
      site.subarchPath.appending("20200628T170302Z/stage3-gen-std-20200628T170302Z.tar.xz"),
    ] {
      let times = try site.workspace.shell(
        "TZ=UTC tar --full-time -tvf '\(tarball)' | awk '{print $4 \"T\" $5}'"
      )
      .text.split(separator: "\n")
      #expect(times.max() == "2020-06-28T17:03:02", "\(times)")
    }
    let wrong = try site.build("full", "20200628T240000Z")
    #expect(wrong.status != 0 && wrong.errorText.contains("is not a date"), "\(wrong.errorText)")
  }

  @Test("take it from the newest commit of the tree; without a new commit nothing is built")
  func commits() throws {
    try configure("type: git")
    try commit("one", at: "2020-06-28T19:03:02 +0200")
    let first = try site.build("full", Self.commit, "commit")
    #expect(first.status == 0, "\(first.errorText)")
    #expect(site.text("20200628T170302Z/status") == "ok")
    let files = try site.workspace.shell("find mirror | sort; cat mirror/.control 2> /dev/null || :").text
    for arguments in [["build"] + BuildSite.subarch, ["snapshot", "std"]] {
      let second = try site.succeed(arguments + [Self.commit, "commit"])
      #expect(second.text.contains("20200628T170302Z: nothing new"), "\(second.text)")
      let json = try site.succeed(arguments + ["--json", Self.commit, "commit"]).text
      #expect(json.contains("\"current\" : true"), "\(json)")
    }
    #expect(try site.workspace.shell("find mirror | sort").text == files)
    // A given version is not replaced.
    try site.succeed(["snapshot", "std", "2020-06-29", Self.commit, "commit"])
    #expect(site.text("/std/snapshots/portage-2020-06-29.tar.xz") != nil)
    // Another commit on the same day is another version.
    try commit("two", at: "2020-06-28T20:00:00 +0000")
    try site.succeed(["build"] + BuildSite.subarch + [Self.commit, "commit"])
    #expect(try latest == "20200628T200000Z/stage3-gen-std-20200628T200000Z.tar.xz\n")
    let state = try site.workspace.shell(
      "tar -xOf mirror/std/snapshots/portage-20200628T200000Z.tar.xz portage/state")
    #expect(state.text == "two\n")
  }

  @Test("of the rotation skip subarches that are built from the newest commit already")
  func rotation() throws {
    try configure("type: git")
    try site.succeed(["init", "std", "x86-64bit", "two", "--remote", "std/x86-64bit/gen"])
    try commit("one", at: "2020-06-28T17:03:02 +0000")
    let both = try (0..<3).map { _ in try site.succeed(["build", Self.commit, "commit"]).text }
    #expect(both[0].contains("std/x86-64bit/gen/20200628T170302Z/stage3"), "\(both)")
    #expect(both[1].contains("std/x86-64bit/two/20200628T170302Z/stage3"), "\(both)")
    #expect(both[2].contains("Builds are current."), "\(both)")
    #expect(both[2].components(separatedBy: "nothing new").count == 3, "\(both)")
    #expect(try site.run(["build", "--json", Self.commit, "commit"]).status == 0)
  }

  @Test("take it from the timestamp of an rsync tree, and need one")
  func timestamps() throws {
    try configure("type: rsync")
    let none = try site.run(["snapshot", "std", Self.commit, "commit"])
    #expect(none.status == 1 && none.errorText.contains("metadata/timestamp.chk"), "\(none.errorText)")
    try site.workspace.shell(
      "printf 'MANIFEST a 1\\nTIMESTAMP 2020-06-28T17:03:02Z\\n' > tree/Manifest")
    try site.succeed(["snapshot", "std", Self.commit, "commit"])
    #expect(site.text("/std/snapshots/portage-20200628T170302Z.tar.xz") != nil)
    try site.workspace.shell(
      "mkdir tree/metadata; echo 'Sun, 28 Jun 2020 20:00:00 +0000' > tree/metadata/timestamp.chk")
    try site.succeed(["snapshot", "std", Self.commit, "commit"])
    #expect(site.text("/std/snapshots/portage-20200628T200000Z.tar.xz") != nil)
    let wrong = try site.run(["snapshot", "std", Self.commit, "sometimes"])
    #expect(wrong.status == 1 && wrong.errorText.contains("neither date nor commit"), "\(wrong.errorText)")
  }

  @Test("the times of trees are those of their files, or none")
  func times() {
    #expect(TreeTimestamp.mail("Sun, 28 Jun 2026 17:03:02 +0000\n") == day("20260628T170302Z"))
    #expect(TreeTimestamp.mail("Wed, 1 Jul 2026 07:00:00 UTC") == day("20260701T070000Z"))
    for text in [
      "", "Sun, 28 Jun 2026 17:03:02 +0200", "Sun, 31 Jun 2026 17:03:02 +0000", "Sun, -8 Jun 2026 1 UTC",
    ] {
      #expect(TreeTimestamp.mail(text) == nil)
    }
    #expect(TreeTimestamp.manifest("TIMESTAMP 2026-06-28T25:03:02Z") == nil)
  }
}

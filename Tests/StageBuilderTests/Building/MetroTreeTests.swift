import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("A spec tree of Metro's own words", .enabled(if: geteuid() == 0, "builds as root"))
struct MetroTreeTests {
  private static let tree = FilePath(#filePath).removingLastComponent().removingLastComponent().appending(
    "Specs/metro")

  @Test("runs unchanged: it unpacks, captures and moves links itself, each step in its turn")
  func order() throws {
    let site = try BuildSite()
    try site.sandbox.shell("mkdir -p tree/profiles; echo test > tree/profiles/repo_name")
    try site.write(
      "conf",
      """
      [section path]
      install: \(Self.tree)
      tmp: \(site.sandbox.path)/tmp
      cache: $[path/tmp]/cache
      distfiles: \(site.sandbox.path)/distfiles
      work: $[path/tmp]/work/$[target/build]/$[target/name]
      [section path/mirror]
      : \(site.sandbox.mirror)
      [section release]
      type: official
      [section snapshot/source]
      remote: \(site.sandbox.path)/tree
      [collect $[path/install]/etc/master.conf]
      """)
    let outcome = try site.build("full", "2026-11-22")
    try #require(outcome.status == 0, "\(outcome.errorText)")
    let steps = [
      "unpack", "unpack/post", "chroot/prerun", "chroot/run", "chroot/grabinfo", "precapture",
      "chroot/postrun",
      "chroot/clean", "chroot/test", "chroot/postclean", "clean", "capture", "trigger/ok/run",
    ]
    for target in ["stage1", "stage3"] {
      #expect(site.text("2026-11-22/trace-\(target).txt") == steps.map { $0 + "\n" }.joined())
      #expect(site.text(".control/version/\(target)") == "2026-11-22\n")
    }
    #expect(site.text("/std/snapshots/trace-snapshot.txt") == "run\ntrigger/ok/run\n")
    #expect(site.text("2026-11-22/build-info.json")?.contains("sse2") == true)
    #expect(site.text("2026-11-22/status") == "ok")
    #expect(site.text("2026-11-22/stage3-gen-std-2026-11-22.tar.cme") == "")
    #expect(try site.listing("2026-11-22/stage3-gen-std-2026-11-22.tar").contains("./etc/motd"))
    // What is there is not made again, but its trigger runs.
    #expect(
      try site.build("full", "2026-11-22").text.contains("stage3-gen-std-2026-11-22.tar is there already"))
    #expect(site.text("2026-11-22/trace-stage3.txt")?.hasSuffix("trigger/ok/run\ntrigger/ok/run\n") == true)
    try site.succeed(["upkeep", "--mirror", site.sandbox.mirror.string])
    try site.sandbox.shell("test -e mirror/std/x86-64bit/gen/stage3-latest.tar.xz")
  }
}

@Suite("An ordinary user's builds", .enabled(if: OrdinaryUser.isPossible, OrdinaryUser.reason))
struct UserBuildTests {
  @Test("he builds as root of a namespace; owners come through, and what is in the mirror is his")
  func rootless() throws {
    let site = try BuildSite(
      """
      [section steps/chroot]
      run: [
      #!/bin/sh
      id -u > /etc/who
      touch /etc/theirs; chown 250:250 /etc/theirs
      ]

      """, isPrepared: false)
    let user = try OrdinaryUser()
    try site.sandbox.shell(
      "chown -R \(user.name): .; sed -i 's/chown mv/&/' conf; ln -sf busybox seed/bin/chown; tar --numeric-owner --owner=0 --group=0 -C seed -cJf stage3-gen-2026-11-01.tar.xz .; chown \(user.name): *.xz"
    )
    let seed = site.sandbox.path.appending("stage3-gen-2026-11-01.tar.xz").string
    let initial = try site.sandbox.run(
      user.asUser + site.command(["init"] + BuildSite.subarch + ["--local", seed]))
    try #require(initial.status == 0, "\(initial.errorText)")
    let outcome = try site.sandbox.run(
      user.asUser + site.command(["build"] + BuildSite.subarch + ["2026-11-22"]))
    try #require(outcome.status == 0, "\(outcome.errorText)")
    let stage = "2026-11-22/stage3-gen-std-2026-11-22.tar.xz"
    #expect(try site.file("./etc/who", in: stage) == "0\n")
    let listing = try site.sandbox.run([
      "tar", "--numeric-owner", "-tvf", site.subarchPath.appending(stage).string,
    ]).text
    #expect(
      listing.split(separator: "\n").contains { $0.contains("250/250") && $0.hasSuffix("./etc/theirs") })
    #expect(try site.sandbox.run(["find", site.sandbox.mirror.string, "!", "-user", user.name]).text == "")
    #expect(try site.sandbox.run(["find", "\(site.sandbox.path)/tmp/work", "!", "-type", "d"]).text == "")
  }
}

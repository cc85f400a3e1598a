import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("An ordinary user's builds", .enabled(if: OrdinaryUser.isPossible, OrdinaryUser.reason))
struct UserBuildTests {
  @Test("run as root of a namespace; owners are preserved, and files in the mirror belong to the user")
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
    try site.workspace.shell(
      "chown -R \(user.name): .; sed -i 's/chown mv/&/' conf; ln -sf busybox seed/bin/chown; tar --numeric-owner --owner=0 --group=0 -C seed -cJf stage3-gen-2026-11-01.tar.xz .; chown \(user.name): *.xz"
    )
    let seed = site.workspace.path.appending("stage3-gen-2026-11-01.tar.xz").string
    let initial = try site.workspace.run(
      user.asUser + site.command(["init"] + BuildSite.subarch + ["--local", seed]))
    try #require(initial.status == 0, "\(initial.errorText)")
    let outcome = try site.workspace.run(
      user.asUser + site.command(["build"] + BuildSite.subarch + ["2026-11-22"]))
    try #require(outcome.status == 0, "\(outcome.errorText)")
    let stage = "2026-11-22/stage3-gen-std-2026-11-22.tar.xz"
    #expect(try site.file("./etc/who", in: stage) == "0\n")
    let listing = try site.workspace.run([
      "tar", "--numeric-owner", "-tvf", site.subarchPath.appending(stage).string,
    ]).text
    #expect(
      listing.split(separator: "\n").contains { $0.contains("250/250") && $0.hasSuffix("./etc/theirs") })
    #expect(
      try site.workspace.run(["find", site.workspace.mirror.string, "!", "-user", user.name]).text == "")
    #expect(
      try site.workspace.run(["find", "\(site.workspace.path)/tmp/work", "!", "-type", "d"]).text == "")
  }
}

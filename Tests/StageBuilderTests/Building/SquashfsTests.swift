import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("Snapshots that are squashfs images", .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct SquashfsTests {
  private let site: TrivialSite
  private let name = "portage-\(TrivialSite.date).squashfs"

  init() throws { site = try Self.site() }

  /// A site whose tree has fixed times.
  private static func site() throws -> TrivialSite {
    let site = try TrivialSite("[section snapshot]\nformat: squashfs\n")
    try site.workspace.shell(
      """
      mkdir -p tree/app-misc/x; echo EAPI=8 > tree/app-misc/x/x-1.ebuild; ln -s x-1.ebuild tree/app-misc/x/x-2.ebuild
      chmod -R u=rwX,go=rX tree; find tree -exec touch -h -d 2026-11-20T10:00:00Z {} +
      """)
    return site
  }

  @discardableResult
  private func snapshots(_ command: String) throws -> String {
    try site.workspace.shell("cd mirror/gentoo/snapshots && { \(command); }").text
  }

  private func log(_ target: String) throws -> String {
    try #require(site.text("\(TrivialSite.date)/log/\(target).txt"))
  }

  @Test(
    "have the same bytes for the same tree, with digests, contents and a link",
    arguments: ["xz", "zstd", "gzip"])
  func bytes(compression: String) throws {
    let sums = try [(site, "umask 022"), (try Self.site(), "umask 077; TZ=Asia/Tokyo; export TZ")].map {
      site, setting in
      try site.workspace.shell(
        """
        \(setting); MIRRORCTL_CONFIG=conf '\(Program.path)' snapshot gentoo \(TrivialSite.date) \
            capture/level: 3 snapshot/compression: \(compression)
        sha256sum < mirror/gentoo/snapshots/\(name)
        """
      ).text.split(separator: "\n").last.map(String.init)
    }
    #expect(sums[0] == sums[1] && sums[0] != nil)
    #expect(try snapshots("readlink portage-latest.squashfs") == "\(name)\n")
    #expect(try snapshots("cat \(name).hash.txt") == "sha256 \(try #require(sums[0]).prefix(64))\n")
    #expect(try snapshots("zcat \(name).contents.gz").contains("/app-misc/x/x-1.ebuild\n"))
    let listing = try snapshots("sqfs2tar \(name) | TZ=UTC tar -tvf - --full-time")
    #expect(listing.contains("2026-11-20 10:00:00 app-misc/x/x-2.ebuild -> x-1.ebuild"), "\(listing)")
  }

  @Test("are digested, verified, shown and removed like tarballs")
  func upkeep() throws {
    for date in ["2026-11-20", "2026-11-21", TrivialSite.date] {
      #expect(try site.run(["snapshot", "gentoo", date]).status == 0)
    }
    #expect(try site.run(["upkeep"]).status == 0)
    #expect(try site.run(["status", "--json"]).text.contains(name))
    #expect(try snapshots("gunzip -t *.contents.gz; ls portage-2*.hash.txt | wc -l") == "3\n")
    #expect(try site.run(["clean", "--keep", "1", "--apply"]).status == 0)
    #expect(try snapshots("ls -d *.squashfs") == "\(name)\nportage-latest.squashfs\n")
    try snapshots("cp \(name) whole; truncate -s -4096 \(name)")
    let upkeep = try site.run(["upkeep"])
    #expect(upkeep.status != 0 && upkeep.errorText.contains("\(name): is truncated"), "\(upkeep.errorText)")
  }

  @Test(
    "are mounted in steps of root, and unpacked if they belong to somebody else", .enabled(if: geteuid() == 0)
  )
  func builds() throws {
    let outcome = try site.build("full")
    try #require(outcome.status == 0, "\(outcome.errorText)")
    let canMount = try site.workspace.run(["test", "-e", "/dev/loop-control"]).status == 0
    #expect(
      try log("stage1").contains(
        "mount \(site.workspace.mirror)/gentoo/snapshots/\(name) at /var/db/repos/gentoo") == canMount)
    let stage = "\(site.workspace.mirror)/\(TrivialSite.subarch.joined(separator: "/"))/\(TrivialSite.date)"
    let listing = try site.workspace.shell("tar -tf \(stage)/stage3-*.tar.xz").text
    #expect(listing.contains("./etc/made\n") && !listing.contains("repos/gentoo"), "\(listing)")
    #expect(
      try site.workspace.shell("cat /sys/block/loop*/loop/backing_file 2> /dev/null || :").text.contains(name)
        == false)
    let sum = try site.workspace.shell(
      "cat \(stage)/stage3-*.tar.xz | sha256sum; echo 2026-11-01 > \(stage)/../.control/version/stage3; rm -r \(stage)"
    ).text
    try snapshots("chown 65534:65534 \(name)")
    let second = try site.build("full")
    try #require(second.status == 0, "\(second.errorText)")
    #expect(try log("stage1").contains("to /var/db/repos/gentoo, since it cannot be mounted"))
    #expect(try site.workspace.shell("cat \(stage)/stage3-*.tar.xz | sha256sum").text == sum)
  }

  @Test("are unpacked by an ordinary user", .enabled(if: OrdinaryUser.isPossible, OrdinaryUser.reason))
  func rootless() throws {
    let user = try OrdinaryUser()
    try site.workspace.shell("chown -R \(user.name): .")
    let outcome = try site.workspace.run(
      user.asUser + ["env", "MIRRORCTL_CONFIG=\(site.workspace.path)/conf", Program.path.string, "build"]
        + TrivialSite.subarch + ["full", TrivialSite.date])
    try #require(outcome.status == 0, "\(outcome.errorText)")
    #expect(try log("stage3").contains("unpack \(site.workspace.mirror)/gentoo/snapshots/\(name)"))
  }

  @Test("need a program, which is named before anything is built")
  func missing() throws {
    try site.workspace.shell(
      "mkdir bin; for p in bash sh env rsync git; do ln -s \"$(command -v $p)\" bin/; done")
    let outcome = try site.workspace.run([
      "env", "PATH=\(site.workspace.path)/bin", "MIRRORCTL_CONFIG=\(site.workspace.path)/conf",
      Program.path.string,
      "snapshot", "gentoo", TrivialSite.date,
    ])
    #expect(outcome.status == 1)
    #expect(
      outcome.errorText.contains(
        "tar2sqfs: not found, but squashfs images need it: install squashfs-tools-ng"))
  }
}

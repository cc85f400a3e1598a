import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import StageBuilder

@Suite("Snapshots", .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct SnapshotTests {
  /// A site whose tree is a git repository with a branch, and another one in `modules/kit`.
  private static func gitSite(_ settings: String) throws -> BuildSite {
    let site = try BuildSite(isPrepared: false)
    try site.workspace.shell(
      """
      rm -rf tree; export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a \
        GIT_COMMITTER_EMAIL=a@b GIT_AUTHOR_DATE='2026-11-20T10:00:00Z' GIT_COMMITTER_DATE='2026-11-20T10:00:00Z'
      git init -q -b stable kit; echo kit > kit/kit.eclass; git -C kit add .; git -C kit commit -qm kit
      git init -q -b stable tree; mkdir -p tree/app-misc/x tree/profiles; echo std > tree/profiles/repo_name; echo EAPI=8 > tree/app-misc/x/x-1.ebuild
      chmod 755 tree/app-misc/x/x-1.ebuild; ln -s x-1.ebuild tree/app-misc/x/x-2.ebuild
      git -C tree -c protocol.file.allow=always submodule --quiet add -b stable ../kit kits/core
      git -C tree add .; git -C tree commit -qm one
      sed -i '/source\\/type: local/d; /source\\/remote/d' conf
      """)
    let conf = try String(contentsOfFile: site.workspace.path.appending("conf").string, encoding: .utf8)
    try site.write(
      "conf",
      conf + """
        [section snapshot/source]
        remote: \(site.workspace.path)/tree
        branch: stable
        [section snapshot]
        \(settings)
        """)
    return site
  }

  private func snapshot(_ site: BuildSite, _ date: String) throws -> String {
    try site.succeed(["snapshot", "std", date, "--mirror", site.workspace.mirror.string])
    return "\(site.workspace.mirror)/std/snapshots/portage-\(date).tar.xz"
  }

  @Test("of a git commit contain only its files, with the time of the commit")
  func dead() throws {
    let site = try Self.gitSite("source/type: git")
    let tarball = try snapshot(site, "2026-11-22")
    let listing = try site.workspace.run(["env", "TZ=UTC", "tar", "--full-time", "-tvf", tarball]).text
    #expect(!listing.contains(".git/"))
    #expect(
      listing.contains("-rwxr-xr-x root/root         7 2026-11-20 10:00:00 portage/app-misc/x/x-1.ebuild")
        || listing.contains(
          "-rwxr-xr-x 0/0               7 2026-11-20 10:00:00 portage/app-misc/x/x-1.ebuild"),
      "\(listing)")
    #expect(listing.contains("portage/app-misc/x/x-2.ebuild -> x-1.ebuild"))
    #expect(
      try site.workspace.run(["readlink", "\(site.workspace.mirror)/std/snapshots/portage-latest.tar.xz"])
        .text
        == "portage-2026-11-22.tar.xz\n")
  }

  @Test(
    "that are live are usable repositories, whose bytes do not depend on time and place",
    arguments: ["git", "meta-repo"])
  func live(kind: String) throws {
    let prefix = kind == "git" ? "portage" : "meta-repo"
    let sums = try (0..<2).map { round in
      let site = try Self.gitSite("type: live\nsource/type: \(kind)\nsource/name: tree")
      // The second one's objects were fetched in two steps.
      if round == 1 {
        _ = try snapshot(site, "2026-11-21")
        try site.workspace.shell(
          "GIT_COMMITTER_DATE='2026-11-20T12:00:00Z' git -C tree -c user.name=a -c user.email=a@b commit -q --date 2026-11-20T12:00:00Z --allow-empty -m two"
        )
      } else {
        try site.workspace.shell(
          "GIT_COMMITTER_DATE='2026-11-20T12:00:00Z' git -C tree -c user.name=a -c user.email=a@b commit -q --date 2026-11-20T12:00:00Z --allow-empty -m two"
        )
      }
      let tarball = try snapshot(site, "2026-11-22")
      try site.workspace.shell(
        "mkdir out; tar -C out -xf '\(tarball)'; cd out/\(prefix); git fsck --strict; git reset -q; test -z \"$(git status --porcelain --ignore-submodules)\"; test \"$(git branch --show-current)\" = stable; git pull -q; cat app-misc/x/x-1.ebuild"
      )
      if kind == "meta-repo" {
        try site.workspace.shell(
          "cd out/\(prefix)/kits/core; test \"$(cat kit.eclass)\" = kit; git reset -q; test -z \"$(git status --porcelain)\"; git log -1 --format=%s | grep -x kit"
        )
      }
      // These two differ only in the URL.
      try site.workspace.shell("rm -rf out; mkdir out; tar -C out -xf '\(tarball)'")
      return try site.workspace.shell(
        """
        cd out/\(prefix); find . | sort | xargs stat -c '%n %f %Y'
        find . -name config -exec sed -i '/url = /d' {} +; find . -type f | sort | xargs sha256sum
        """
      ).text
    }
    #expect(sums[0] == sums[1])
  }

  @Test("by rsync exclude the machine's own directories, and fetch only what changed")
  func rsync() throws {
    let site = try BuildSite("[section snapshot]\nx: y\n", isPrepared: false)
    try site.workspace.shell(
      "sed -i 's/source\\/type: local/source\\/type: rsync/' conf; mkdir tree/distfiles tree/packages; echo big > tree/distfiles/x.tar"
    )
    for date in ["2026-11-21", "2026-11-22"] {
      let tarball = try snapshot(site, date)
      #expect(
        try site.workspace.run(["tar", "-tf", tarball]).text.split(separator: "\n").sorted() == [
          "portage/", "portage/app-misc/", "portage/app-misc/x/", "portage/app-misc/x/x-1.ebuild",
          "portage/profiles/", "portage/profiles/repo_name",
        ])
    }
    #expect(
      try site.workspace.run(["find", "\(site.workspace.path)/tmp/rsync", "-name", "*.ebuild"]).text != "")
  }

  @Test("of a shallow repository contain its newest commit", arguments: ["live", "dead"])
  func shallow(type: String) throws {
    let site = try Self.gitSite("type: \(type)\nsource/type: git\nsource/name: tree")
    try site.workspace.shell(
      """
      export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
      git -C tree commit -q --allow-empty -m two
      git clone -q --depth 1 "file://$PWD/tree" shallow; git -C shallow rev-parse --is-shallow-repository | grep -qx true
      sed -i 's|^remote: .*/tree$|remote: '"$PWD"'/shallow|' conf
      """)
    let listing = try site.workspace.run(["tar", "-tf", try snapshot(site, "2026-11-22")]).text
    #expect(listing.contains("portage/app-misc/x/x-1.ebuild\n"))
    // The clone moves on and stays shallow.
    try site.workspace.shell(
      """
      export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
      echo EAPI=8 > tree/app-misc/x/x-3.ebuild; git -C tree add .; git -C tree commit -qm three
      git -C shallow fetch -q --depth 1; git -C shallow reset -q --hard origin/stable
      """)
    let next = try site.workspace.run(["tar", "-tf", try snapshot(site, "2026-11-23")]).text
    #expect(next.contains("portage/app-misc/x/x-3.ebuild\n"))
  }

  @Test("contain overlays, each from its own source, with its section of repos.conf")
  func overlays() throws {
    let site = try BuildSite(isPrepared: false)
    try site.workspace.shell(
      """
      \(MetaRepositorySite.environment)
      mkdir -p mine/profiles mine/distfiles; echo mine > mine/profiles/repo_name; echo big > mine/distfiles/x
      git init -q -b next ours; mkdir ours/profiles; echo ours > ours/profiles/repo_name
      git -C ours add .; git -C ours commit -qm ours; cat >> conf << END
      [section snapshot]
      overlays: mine ours
      [section snapshot/overlay/mine]
      type: local
      remote: $PWD/mine
      [section snapshot/overlay/ours]
      type: git
      remote: file://$PWD/ours
      branch: next
      location: /srv/ours
      sync-uri: https://host/ours
      END
      """)
    let tarball = try snapshot(site, "2026-11-22")
    try site.workspace.shell(
      """
      mkdir out; tar -C out -xf '\(tarball)'; cd out/portage; test "$(cat profiles/repo_name)" = std
      test "$(ls overlays | tr '\\n' ' ')" = 'mine mine.conf ours ours.conf '; test ! -e overlays/mine/distfiles
      printf '[mine]\\nlocation = /var/db/repos/mine\\n' | cmp - overlays/mine.conf
      printf '[ours]\\nlocation = /srv/ours\\nsync-type = git\\nsync-uri = https://host/ours\\n' | cmp - overlays/ours.conf
      test "$(cat overlays/ours/profiles/repo_name)" = ours; test ! -e ../../tree/overlays
      """)
    try site.workspace.shell("echo other > mine/profiles/repo_name")
    let renamed = try site.run(["snapshot", "std", "2026-11-23"])
    #expect(renamed.errorText.contains("mine: is the repository `other`, not `mine`"), "\(renamed.errorText)")
    for (change, message) in [
      ("s/location: .*/location: \\/srv\\/..\\/etc/", "is not a directory in the stage"),
      ("s/overlays: mine ours/overlays: mine ..\\/ours/", "snapshot/overlay/../ours/type: is not defined"),
      ("s/overlays: .*/overlays: absent/", "snapshot/overlay/absent/type: is not defined"),
    ] {
      try site.workspace.shell("cp conf kept; sed -i '\(change)' conf")
      let outcome = try site.run(["snapshot", "std", "2026-11-23"])
      try site.workspace.shell("mv kept conf")
      #expect(outcome.status == 1)
      #expect(outcome.errorText.contains(message), "\(change): \(outcome.errorText)")
    }
  }

  @Test("of a directory without profiles are refused")
  func foreign() throws {
    let site = try BuildSite(isPrepared: false)
    try site.workspace.shell("rm -r tree/profiles; echo thesis > tree/thesis")
    let outcome = try site.run(["snapshot", "std", "2026-11-22"])
    #expect(outcome.status == 1)
    #expect(
      outcome.errorText.contains("\(site.workspace.path)/tree: is not a package tree"), "\(outcome.errorText)"
    )
    #expect(try site.workspace.run(["find", "\(site.workspace.mirror)/std", "-name", "*.tar*"]).text == "")
    try site.workspace.shell("rm -r tree")
    let missing = try site.run(["snapshot", "std", "2026-11-22"])
    #expect(missing.status == 1)
    #expect(missing.errorText.contains("\(site.workspace.path)/tree: does not exist"), "\(missing.errorText)")
  }

  @Test(
    "are made of the trees of Gentoo, of Funtoo and of Macaroni",
    arguments: [
      ("mkdir profiles; echo gentoo > profiles/repo_name", true),
      ("mkdir profiles metadata; echo 'repo-name = x' > metadata/layout.conf", true),
      ("mkdir -p kits/core-kit/profiles; echo core-kit > kits/core-kit/profiles/repo_name", true),
      ("mkdir -p kits/core-kit metadata; echo '{}' > metadata/kit-sha1.json", true),
      ("mkdir metadata; echo '{}' > metadata/kit-info.json", true),
      ("mkdir metadata; echo 'repo-name = x' > metadata/layout.conf", false),
      ("mkdir -p kits/first profiles", false), ("true", false),
    ])
  func trees(files: String, isTree: Bool) throws {
    let workspace = try Workspace()
    try workspace.shell("mkdir tree; cd tree; \(files)")
    let tree = PackageTree(workspace.path.appending("tree"))
    if isTree {
      #expect(throws: Never.self) { try tree.check(source: "tree") }
    } else {
      #expect(throws: (any Error).self) { try tree.check(source: "tree") }
    }
  }

  @Test("of an unavailable source say why, and leave nothing")
  func failures() throws {
    let site = try Self.gitSite("source/type: git")
    try site.workspace.shell("rm -rf tree")
    let outcome = try site.run(["snapshot", "std", "2026-11-22"])
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains("does not appear to be a git repository"), "\(outcome.errorText)")
    #expect(try site.workspace.run(["find", "\(site.workspace.mirror)/std", "-type", "f"]).text == "")
  }

  @Test("parse .gitmodules, and refuse paths that lead out")
  func modules() throws {
    let text = """
      submodule.kits/core.path=kits/core
      submodule.kits/core.url=../kit.git
      submodule.kits/core.branch=stable
      submodule.x.path=x
      submodule.x.url=https://host/x=y
      """
    #expect(
      try GitModule.all(in: text, remote: "https://host/group/meta/") == [
        GitModule(path: "kits/core", remote: "https://host/group/kit.git", branch: "stable"),
        GitModule(path: "x", remote: "https://host/x=y", branch: "master"),
      ])
    for path in ["../x", "/etc", "a/../../b", ".git/hooks", ""] {
      #expect(throws: (any Error).self) {
        try GitModule.all(in: "submodule.a.path=\(path)\nsubmodule.a.url=u", remote: "r")
      }
    }
  }
}

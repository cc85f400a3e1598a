import Foundation
import SystemPackage
import TestSupport
import Testing

/// A step that reports where it ran.
private let steps = """
  [section steps/chroot]
  run: [
  #!/bin/sh
  echo "$(cat /var/db/repos/gentoo/app-misc/x/x-1.ebuild) for $[target]" >> /etc/built
  ]
  grabinfo: [
  #!/bin/sh
  echo '{"ARCH": "amd64", "CHOST": "x86_64-pc-linux-gnu"}' > /tmp/build-info.json
  ]
  clean: [
  #!/bin/sh
  rm -rf /var/db
  ]

  """

@Suite("Builds", .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct BuildTests {
  @Test("a build turns a seed into a stage with all its files")
  func full() throws {
    let site = try BuildSite(steps)
    let outcome = try site.build("full+openvz", "2026-11-22")
    try #require(outcome.status == 0, "\(outcome.errorText)")
    #expect(outcome.errorText == "")
    #expect(
      outcome.text.split(separator: "\n").map { $0.prefix { $0 != ":" } } == [
        "snapshot", "stage1", "stage3", "openvz",
      ])
    let stage3 = "2026-11-22/stage3-gen-std-2026-11-22.tar.xz"
    #expect(try site.file("./etc/built", in: stage3) == "EAPI=8 for stage1\nEAPI=8 for stage3\n")
    #expect(site.text("2026-11-22/.targets") == "stage1\nstage3\nopenvz\n")
    #expect(site.text("2026-11-22/status") == "ok")
    #expect(site.text(".control/version/stage1") == "2026-11-22\n")
    #expect(site.text(".control/version/stage3") == "2026-11-22\n")
    #expect(site.text(".control/version/stage4/openvz") == "2026-11-22\n")
    #expect(site.text("2026-11-22/build-info.json")?.contains("x86_64-pc-linux-gnu") == true)
    #expect(site.text("2026-11-22/log/stage1.txt")?.contains(">>> stage1: steps/chroot/run") == true)
    #expect(
      try links(site) == [
        "std/openvz/openvz-gen-latest.tar.xz -> ../x86-64bit/gen/2026-11-22/openvz-gen-std-2026-11-22.tar.xz",
        "std/snapshots/portage-latest.tar.xz -> portage-2026-11-22.tar.xz",
        "std/x86-64bit/gen/openvz-latest.tar.xz -> 2026-11-22/openvz-gen-std-2026-11-22.tar.xz",
        "std/x86-64bit/gen/stage3-latest.tar.xz -> \(stage3)",
      ])
    let sums = try site.workspace.run(["sha256sum", site.subarchPath.appending(stage3).string]).text.prefix(
      64)
    #expect(site.text("\(stage3).hash.txt") == "sha256 \(sums)\n")
    let contents = site.subarchPath.appending("\(stage3).contents.gz").string
    #expect(
      try site.workspace.run(["gzip", "-dc", contents]).text == site.listing(stage3).joined(separator: "\n")
        + "\n")
    // The mirror's own verbs have nothing left to do.
    let digestgen = try site.succeed(["digestgen", "--mirror", site.workspace.mirror.string]).text
    let snapshot = try site.workspace.run([
      "tar", "-tf", "\(site.workspace.mirror)/std/snapshots/portage-latest.tar.xz",
    ])
    #expect(
      snapshot.text.split(separator: "\n") == [
        "portage/", "portage/app-misc/", "portage/app-misc/x/", "portage/app-misc/x/x-1.ebuild",
        "portage/profiles/", "portage/profiles/repo_name",
      ])
    // Only the seed was not made by this program.
    let seed = "\(site.subarchPath)/2026-11-01/stage3-gen-std-2026-11-01.tar.xz"
    #expect(digestgen == "digested \(seed)\n")
    #expect(
      try site.succeed(["status", "--mirror", site.workspace.mirror.string]).text.contains("2026-11-22"))
  }

  private func links(_ site: BuildSite) throws -> [String] {
    try site.workspace.run(
      [
        "find", site.workspace.mirror.string, "-type", "l", "!", "-name", "*.txt", "!", "-name", "*.gz",
        "!", "-name", "*.json",
        "-printf", "%P -> %l\n",
      ]
    ).text.split(separator: "\n").map(String.init).sorted()
  }

  @Test("existing targets are not built again, but their links and records are repaired")
  func again() throws {
    let site = try BuildSite(steps)
    try site.succeed(["build"] + BuildSite.subarch + ["2026-11-22"])
    try site.workspace.shell(
      "cd mirror/std/x86-64bit/gen; rm stage3-latest.tar.xz .control/version/stage1; stat -c %i 2026-11-22/*.xz > ~/before"
    )
    let outcome = try site.build("2026-11-22")
    #expect(outcome.status == 0)
    #expect(outcome.text.split(separator: "\n").allSatisfy { $0.hasSuffix("already exists") })
    try site.workspace.shell(
      "cd mirror/std/x86-64bit/gen; stat -c %i 2026-11-22/*.xz | cmp - ~/before; test -L stage3-latest.tar.xz"
    )
    #expect(site.text(".control/version/stage1") == "2026-11-22\n")
  }

  @Test("with `replace` existing targets are rebuilt, and are never missing")
  func replace() throws {
    let site = try BuildSite(steps + "\n[section metro]\noptions: replace\n")
    try site.succeed(["build"] + BuildSite.subarch + ["2026-11-22"])
    try site.workspace.shell("sed -i 's/EAPI=8/EAPI=9/' tree/app-misc/x/x-1.ebuild")
    try site.succeed(["build"] + BuildSite.subarch + ["2026-11-22"])
    let stage1 = "2026-11-22/stage1-gen-std-2026-11-22.tar.xz"
    #expect(try site.file("./etc/built", in: stage1).hasSuffix("EAPI=9 for stage1\n"))
    let sum = try site.workspace.run(["sha256sum", site.subarchPath.appending(stage1).string]).text.prefix(64)
    #expect(site.text("\(stage1).hash.txt") == "sha256 \(sum)\n")
  }

  @Test("a failing step counts one failure, and leaves existing files unchanged")
  func failure() throws {
    let site = try BuildSite(
      steps + """
        [section steps/chroot when target is stage3]
        postrun: [
        #!/bin/sh
        echo noise
        printf ' \\033[31;01m*\\033[0m ERROR: app-misc/broken-1.0::gentoo failed (compile phase):\\n'
        echo ' * ERROR: app-misc/old-2 failed (install phase):'
        echo ' *   emake failed'
        exit 7
        ]
        """)
    let outcome = try site.build("2026-11-22")
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains("stage3: steps/chroot/postrun: failed with exit status 7: see "))
    #expect(outcome.errorText.contains("ERROR: app-misc/broken-1.0::gentoo failed (compile phase)"))
    #expect(outcome.errorText.contains("consecutive failures: 1"))
    #expect(
      outcome.errorText.hasPrefix(
        "mirrorctl: std x86-64bit gen full 2026-11-22: stage3: steps/chroot/postrun: "),
      "what cron mails begins with what was built")
    let history = try site.run(["status", "--history"]).text.split(separator: "\n")
    #expect(history.first?.contains("std/x86-64bit/gen") ?? false)
    #expect(history.dropFirst().first?.hasPrefix("  2026-11-22 fail ") ?? false, "\(history)")
    #expect(history.dropFirst().first?.contains("stage3: ") ?? false)
    #expect(history.dropFirst().first?.hasSuffix("/2026-11-22/log/stage3.txt)") ?? false)
    #expect(site.text("2026-11-22/status") == "fail")
    #expect(site.text(".control/.failcount") == "1\n")
    #expect(site.text(".control/version/stage3") == "2026-11-01\n")
    let errors = try JSONDecoder().decode(
      [[String: String]].self, from: Data((site.text("2026-11-22/log/errors.json") ?? "").utf8))
    #expect(
      errors == [
        ["ebuild": "app-misc/broken-1.0", "phase": "compile"],
        ["ebuild": "app-misc/old-2", "phase": "install"],
      ])
    #expect(try site.build("2026-11-22").status == 1)
    #expect(site.text(".control/.failcount") == "2\n")
    #expect(try leftovers(site) == "")
    // Once repaired, the failure is forgotten.
    try site.workspace.shell("sed -i 's/^exit 7$/exit 0/' conf")
    #expect(try site.build("2026-11-22").status == 0)
    #expect(site.text(".control/.failcount") == nil)
    #expect(site.text("2026-11-22/log/errors.json") == nil)
    #expect(site.text("2026-11-22/status") == "ok")
  }

  /// The leftovers of a run.
  private func leftovers(_ site: BuildSite) throws -> String {
    try site.workspace.run(["find", "\(site.workspace.path)/tmp", "!", "-type", "d", "!", "-name", "*.lock"])
      .text
      + site.workspace.run([
        "find", site.workspace.mirror.string, "-name", "*_progress", "-o", "-name", "*.tmp",
      ])
      .text
  }

  @Test("a missing seed is reported with a remedy, and counts as a failure, so that the rotation continues")
  func seedless() throws {
    let site = try BuildSite(steps)
    try site.workspace.shell("rm mirror/std/x86-64bit/gen/2026-11-01/*")
    let outcome = try site.build("2026-11-22")
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains("does not exist, but path/mirror/source refers to it"))
    #expect(site.text(".control/.failcount") == "1\n")
    // As read by status and nextbuild.
    try site.workspace.shell("printf '3\\n4\\n' > mirror/std/x86-64bit/gen/.control/.failcount")
    #expect(try site.build("2026-11-22").status == 1)
    #expect(site.text(".control/.failcount") == "4\n")
    let unprepared = try BuildSite(steps, isPrepared: false).build("2026-11-22")
    #expect(unprepared.status == 1)
    #expect(
      unprepared.errorText.contains("the subarch has no seed: run `mirrorctl init std x86-64bit gen --local"))
  }

  @Test("the seed may be uncompressed, or compressed in another format")
  func seeds() throws {
    for command in ["unxz -f *.xz", "unxz -f *.xz; zstd -q --rm *.tar", "unxz -f *.xz; bzip2 *.tar"] {
      let site = try BuildSite(steps)
      try site.workspace.shell("cd mirror/std/x86-64bit/gen/2026-11-01; \(command)")
      #expect(try site.build("2026-11-22").status == 0)
    }
  }

  @Test("a remote build becomes a local one once it has its own stage3")
  func remote() throws {
    let site = try BuildSite(steps)
    let other = ["std", "x86-64bit", "core2"]
    try site.succeed(["init"] + other + ["--remote", BuildSite.subarch.joined(separator: "/")])
    try site.workspace.shell(
      "sed -i 's|^source: .*seed.*|source: $[]/std/x86-64bit/gen/2026-11-01/stage3-gen-std-2026-11-01.tar.xz|' conf"
    )
    try site.succeed(["build"] + other + ["2026-11-22"])
    #expect(site.text("/std/x86-64bit/core2/.control/strategy/build") == "local\n")
    #expect(site.text("/std/x86-64bit/core2/.control/version/stage3") == "2026-11-22\n")
  }

  @Test("compression may be left to `compress`; meanwhile no link is dangling")
  func deferred() throws {
    let site = try BuildSite(steps + "\n[section capture]\ncompress: later\n")
    try site.workspace.shell("sed -i 's/stage1-\\(.*\\).tar.xz$/stage1-\\1.tar/' conf")
    try site.succeed(["build"] + BuildSite.subarch + ["2026-11-22"])
    #expect(site.text("2026-11-22/stage3-gen-std-2026-11-22.tar.cme") == "")
    try site.workspace.shell("test -e mirror/std/x86-64bit/gen/stage3-latest.tar")
    #expect(try site.build("2026-11-22").text.contains("stage3-gen-std-2026-11-22.tar already exists"))
    try site.succeed(["compress", "--mirror", site.workspace.mirror.string, "--compression-level", "1"])
    try site.workspace.shell(
      "test -s mirror/std/x86-64bit/gen/2026-11-22/stage3-gen-std-2026-11-22.tar.xz.contents.gz")
    try site.workspace.shell(
      "test -e mirror/std/x86-64bit/gen/stage3-latest.tar.xz; ! test -L mirror/std/x86-64bit/gen/stage3-latest.tar"
    )
    #expect(try site.build("2026-11-22").text.contains("stage3-gen-std-2026-11-22.tar.xz already exists"))
  }

  @Test("without arguments it builds the next build of the rotation, and reports if there is none")
  func rotation() throws {
    let site = try BuildSite(steps)
    let mirror = ["--mirror", site.workspace.mirror.string]
    #expect(try site.run(["build", "--pretend"] + mirror).text.contains("stage3: std/x86-64bit/gen/"))
    #expect(try site.listingOfVersions() == ["2026-11-01"])
    let first = try site.run(["build"] + mirror)
    #expect(first.status == 0, "\(first.errorText)")
    #expect(first.text.contains("stage3: "))
    let second = try site.run(["build"] + mirror)
    #expect(second.status == 0)
    #expect(second.text == "Builds are current.\n")
    #expect(try site.run(["build", "--quiet"] + mirror).text == "")
  }

  @Test(
    "an impossible build is refused before anything is done",
    arguments: [
      (["std", "x86-64bit", "../gen"], "is not the name", 1 as Int32),
      (["std", "x86-64bit"], "Give BUILD ARCH SUBARCH", 64),
      (["std", "x86-64bit", "gen", "full+/x"], "is not a build mode", 1),
      (["std", "x86-64bit", "gen", "full", "2026-13-01"], "is not a date", 64),
      (["std", "x86-64bit", "gen", "target:"], "NAME: VALUE", 64),
      (["std", "x86-64bit", "gen", "build/network:", "some"], "is neither host nor none", 1),
    ])
  func refusals(words: [String], message: String, status: Int32) throws {
    let site = try BuildSite(steps)
    let outcome = try site.run(["build"] + words)
    #expect(outcome.status == status)
    #expect(outcome.errorText.contains(message), "\(outcome.errorText)")
    #expect(try site.listingOfVersions() == ["2026-11-01"])
    #expect(site.text(".control/.failcount") == nil)
  }

  @Test("one target is built by its name, with elements defined on the command line")
  func single() throws {
    let site = try BuildSite(steps)
    try site.succeed(
      ["build"] + BuildSite.subarch + ["2026-11-22", "target:", "snapshot", "target/compression:", "zst"])
    #expect(
      try site.workspace.run(["ls", "\(site.workspace.mirror)/std/snapshots"]).text.contains(
        "portage-2026-11-22.tar.zst"))
  }
}

extension BuildSite {
  /// The versions of the subarch.
  func listingOfVersions() throws -> [String] {
    try workspace.run(["ls", subarchPath.string]).text.split(separator: "\n").map(String.init).filter {
      $0.hasPrefix("20")
    }
  }
}

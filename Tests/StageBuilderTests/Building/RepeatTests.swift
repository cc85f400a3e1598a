import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite(
  "Builds that are repeated, and what they may not reach",
  .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct RepeatTests {
  private static let steps = """
    [section steps/chroot]
    run: [
    #!/bin/sh
    for i in 3 1 2; do echo "$i $[target]" > /etc/file-$i; done
    ln -f /etc/file-1 /etc/same
    ]

    """

  @Test("the same inputs give the same tarballs, in any place and with any number of threads")
  func identical() throws {
    let sites = try (0..<2).map { _ in try BuildSite(Self.steps) }
    for (site, jobs) in zip(sites, ["1", "5"]) {
      // The seed is an input: both builds have the same one.
      try site.workspace.shell(
        "cp '\(sites[0].workspace.path)/stage3-gen-2026-11-01.tar.xz' mirror/std/x86-64bit/gen/2026-11-01/new; mv mirror/std/x86-64bit/gen/2026-11-01/new mirror/std/x86-64bit/gen/2026-11-01/stage3-gen-std-2026-11-01.tar.xz"
      )
      for compression in ["xz", "zst", "gz"] {
        try site.workspace.shell("sed -i 's/stage1-\\(.*\\).tar.*$/stage1-\\1.tar.\(compression)/' conf")
        try site.succeed(
          ["build", "--threads", jobs] + BuildSite.subarch + [
            "2026-11-22", "target/compression:", compression,
          ])
      }
    }
    let sums = try sites.map { site in
      // Only the statements contain the times of the builds.
      try site.workspace.shell(
        "cd mirror; find . -name '*2026-11-22*' ! -name '*.provenance.json' -type f | sort | xargs sha256sum"
      ).text
    }
    #expect(sums[0] == sums[1])
    #expect(sums[0].split(separator: "\n").count > 12)
  }

  @Test("no file in a tarball is newer than its snapshot or its version")
  func epoch() throws {
    let site = try BuildSite(Self.steps)
    try site.succeed(["build"] + BuildSite.subarch + ["2026-11-22"])
    let dates = try site.workspace.run(
      [
        "env", "TZ=UTC", "tar", "--full-time", "-tvf",
        site.subarchPath.appending("2026-11-22/stage3-gen-std-2026-11-22.tar.xz").string,
      ]
    ).text.split(separator: "\n").map { $0.split(separator: " ")[3] + "T" + $0.split(separator: " ")[4] }
    #expect(dates.allSatisfy { $0 <= "2026-11-22T00:00:00" })
  }

  @Test("a seed whose directories are links to the machine's changes nothing outside its root")
  func hostileSeed() throws {
    let site = try BuildSite(
      """
      [section snapshot]
      prefix: portage
      [section steps/chroot]
      run: [
      #!/bin/sh
      echo x > /etc/victim; echo x > /tmp/victim; mkdir -p /var/db/victim
      echo '{"ARCH": "x"}' > /tmp/build-info.json
      ]

      """)
    try site.workspace.shell(
      """
      mkdir -p outside/etc outside/tmp outside/db; echo precious > outside/etc/hosts
      for d in etc tmp proc dev var; do rm -rf seed/$d; ln -s "$PWD/outside/etc" seed/$d; done
      rm seed/tmp; ln -s ../../../../../../../..$PWD/outside/tmp seed/tmp
      tar -C seed -cJf mirror/std/x86-64bit/gen/2026-11-01/new .
      mv mirror/std/x86-64bit/gen/2026-11-01/new mirror/std/x86-64bit/gen/2026-11-01/stage3-gen-std-2026-11-01.tar.xz
      """)
    let outcome = try site.build("2026-11-22")
    #expect(outcome.status == 1)
    #expect(
      try site.workspace.run(["find", "\(site.workspace.path)/outside", "-type", "f"]).text
        == "\(site.workspace.path)/outside/etc/hosts\n")
    #expect(try site.workspace.run(["cat", "\(site.workspace.path)/outside/etc/hosts"]).text == "precious\n")
  }

  @Test("only files in the root are captured, whatever the links")
  func hostileStage() throws {
    let site = try BuildSite(
      """
      [section steps/chroot]
      run: [
      #!/bin/sh
      ln -s / /tmp/stage1root
      ]

      """)
    try site.workspace.shell("sed -i 's|^ROOT: /$|ROOT: /tmp/stage1root|' conf")
    let outcome = try site.build("2026-11-22")
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains("stage1root"), "\(outcome.errorText)")
    #expect(
      try site.workspace.run(["find", site.subarchPath.appending("2026-11-22").string, "-name", "*.tar.*"])
        .text
        == "")
  }

  @Test("without a network there is only a loopback, and the report names the network")
  func network() throws {
    let site = try BuildSite(
      """
      [section steps/chroot]
      run: [
      #!/bin/sh
      cat /proc/net/dev > /etc/network
      ]

      """)
    let report = try site.succeed(
      ["build", "--json"] + BuildSite.subarch + ["2026-11-22", "build/network:", "none"])
    #expect(report.text.contains("\"network\" : \"none\""))
    let devices = try site.file("./etc/network", in: "2026-11-22/stage1-gen-std-2026-11-22.tar.xz")
      .split(separator: "\n").dropFirst(2).map {
        $0.split(separator: ":")[0].trimmingCharacters(in: .whitespaces)
      }
    #expect(devices == ["lo"])
  }

  @Test("a failed root is kept on request until the next build")
  func keepWork() throws {
    let site = try BuildSite("[section steps/chroot]\nrun: [\n#!/bin/sh\necho x > /etc/evidence; exit 1\n]\n")
    let outcome = try site.run(["build", "--keep-work"] + BuildSite.subarch + ["2026-11-22"])
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains("is kept"))
    let evidence = "\(site.workspace.path)/tmp/work/std/stage1-gen-std-2026-11-22/etc/evidence"
    #expect(try site.workspace.run(["cat", evidence]).text == "x\n")
    #expect(try site.build("2026-11-22").status == 1)
    #expect(try site.workspace.run(["test", "-e", evidence]).status == 1)
  }
}

import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("The confinement of a build", .enabled(if: Host.isRoot, Host.needsRoot)) struct ConfinementTests {
  /// A step that leaves owners, modes and capabilities of every kind.
  private static let steps = """
    [section steps/chroot]
    run: [
    #!/bin/sh
    cat /proc/self/uid_map
    touch /etc/theirs /etc/tool; chown 250:250 /etc/theirs; chmod 2750 /etc/theirs; chmod 4755 /etc/tool
    mkdir -p /home/user; chown 1000:100 /home/user
    ]

    """

  /// - Parameter other: a site whose seed is used.
  private func site(withSeedOf other: BuildSite? = nil) throws -> BuildSite {
    let site = try BuildSite(Self.steps, isPrepared: false)
    // The seed has owners and a capability too.
    try site.workspace.shell(
      """
      ln -s busybox seed/bin/chown; cp seed/bin/busybox seed/bin/ping; setcap cap_net_raw+ep seed/bin/ping
      touch seed/etc/acl; setfacl -m u:1000:rw seed/etc/acl; touch seed/etc/owned; chown 7:8 seed/etc/owned
      rm stage3-*.tar.xz
      tar --xattrs --xattrs-include='*' --acls --numeric-owner -C seed -cJf stage3-gen-2026-11-01.tar.xz .
      """)
    let seed = "stage3-gen-2026-11-01.tar.xz"
    if let other {
      try site.workspace.shell("cp \(other.workspace.path.appending(seed)) \(seed)")
    }
    try site.prepare()
    return site
  }

  private static let stage = "2026-11-22/stage3-gen-std-2026-11-22.tar.xz"

  @Test("gives the same bytes where a file system has no idmapped mounts, and says which way was taken")
  func shifted() throws {
    let mapped = try site()
    let shifted = try site(withSeedOf: mapped)
    let places = "\(shifted.workspace.path)/tmp"
    // An overlay has attributes, but no idmapped mounts.
    try shifted.workspace.shell(
      """
      mkdir -p lower upper scratch tmp; chmod 700 upper
      mount -t overlay -o "lowerdir=$PWD/lower,upperdir=$PWD/upper,workdir=$PWD/scratch" none tmp
      """)
    defer { _ = try? Tool.run("umount", places) }
    for (site, way) in [(mapped, "idmapped"), (shifted, "shifted")] {
      let outcome = try site.build("2026-11-22", "--json")
      try #require(outcome.status == 0, "\(outcome.errorText)")
      #expect(
        outcome.text.contains("\"confinement\" : \"\(way)\"")
          || outcome.text.contains("\"confinement\":\"\(way)\""))
      let log = try #require(site.text("2026-11-22/log/stage3.txt"))
      #expect(log.contains(way == "shifted" ? "shifted owners" : "idmapped mount"))
      #expect(
        log.split(separator: "\n").contains { $0.split(separator: " ") == ["0", "2147483648", "2147483647"] })
    }
    let paths = [mapped, shifted].map { $0.subarchPath.appending(Self.stage).string }
    #expect(try Tool.run("cmp", paths[0], paths[1]).status == 0)
    let listing = try Tool.run("tar", "--numeric-owner", "-tvf", paths[0]).output
    #expect(listing.contains("-rwsr-xr-x 0/0") && listing.contains("-rwxr-s--- 250/250"))
  }

  @Test("keeps steps from rewriting their log")
  func log() throws {
    let site = try BuildSite(
      """
      [section steps/chroot]
      run: [
      #!/bin/sh
      echo first; echo second > /dev/stderr; : > /dev/stdout; echo third >> /proc/self/fd/1
      ]

      """)
    #expect(try site.build("2026-11-22").status == 0)
    let log = try #require(site.text("2026-11-22/log/stage3.txt"))
    #expect(log.contains("first\nsecond\nthird\n"))
  }

  @Test("names a member whose owner does not fit")
  func owners() throws {
    let site = try BuildSite(Self.steps, isPrepared: false)
    try site.workspace.shell(
      "touch seed/etc/far; tar --numeric-owner --owner=3000000000 -C seed -cJf stage3-gen-2026-11-01.tar.xz ."
    )
    try site.prepare()
    let outcome = try site.build("2026-11-22")
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains("3000000000"), "\(outcome.errorText)")
  }

  @Test("includes a control group where one was delegated")
  func controlGroup() throws {
    let site = try BuildSite(
      """
      [section steps/chroot]
      run: [
      #!/bin/sh
      cat /proc/self/cgroup
      ]

      """)
    let groups = site.workspace.path.appending("groups")
    let build = site.command(["build"] + BuildSite.subarch + ["2026-11-22"]).map { "'\($0)'" }.joined(
      separator: " ")
    // A mount of its own, since not every machine has mounted the second version of the hierarchy.
    let script = """
      mkdir -p \(groups) && mount -t cgroup2 none \(groups) && mkdir \(groups)/mirrorctl-test-$$ || exit 99
      setfattr -n trusted.delegate -v 1 \(groups)/mirrorctl-test-$$
      echo $$ > \(groups)/mirrorctl-test-$$/cgroup.procs
      \(build); status=$?
      find \(groups)/mirrorctl-test-$$ -mindepth 1 -type d
      echo $$ > \(groups)/cgroup.procs; rmdir \(groups)/mirrorctl-test-$$/mirrorctl \(groups)/mirrorctl-test-$$
      exit $status
      """
    let outcome = try site.workspace.run(["unshare", "-m", "sh", "-c", script])
    try #require(outcome.status != 99, "cgroup2 cannot be mounted: \(outcome.errorText)")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    let log = try #require(site.text("2026-11-22/log/stage3.txt"))
    #expect(log.contains { $0 == "/" } && log.contains("/steps-"), "\(log)")
    // Nothing is left of it.
    #expect(!outcome.text.contains("/steps-"), "\(outcome.text)")
  }

  @Test("with limits says that they have no effect without a delegated control group")
  func noControlGroup() throws {
    let site = try BuildSite(
      """
      [section build]
      memory: 1G
      [section steps/chroot]
      run: [
      #!/bin/sh
      true
      ]

      """)
    #expect(try site.build("2026-11-22").status == 0)
    #expect(
      try #require(site.text("2026-11-22/log/stage3.txt")).contains(
        "build/memory and build/tasks have no effect"))
    let wrong = try site.build("2026-11-23", "build/memory:", "much")
    #expect(wrong.errorText.contains("build/memory: `much` is not a size such as 8G"), "\(wrong.errorText)")
  }
}

import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import MirrorTools

@Suite("Packages") struct PackagingTests {
  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  private func make(_ target: String) throws {
    try workspace.shell(
      "make --silent -C \(Checkout.path) \(target) PREFIX=/usr DESTDIR=\(workspace.path)/root BIN=\(Program.path)"
    )
  }

  @Test("make dist writes the same bytes twice, and sources that need no network")
  func dist() throws {
    try workspace.shell(
      """
      export XZ_LEVEL=0 BIN=/nonexistent GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
      \(Checkout.path)/packaging/dist one; mkdir tmp; TMPDIR=$PWD/tmp TZ=Asia/Tokyo \(Checkout.path)/packaging/dist two
      """)
    try workspace.shell("diff -r one two")
    let name = "mirrorctl-\(ToolVersion.text)"
    try workspace.shell("tar -xf one/\(name).tar.xz; tar -xf one/\(name)-vendor.tar.xz")
    let head = try workspace.shell("git -c safe.directory='*' -C \(Checkout.path) rev-parse HEAD").text
      .prefix(12)
    #expect(try workspace.shell("\(name)/scripts/commit").text == "\(head)\n")
    // Without the configuration of git, which may replace the addresses of packages on this machine.
    let packages = try workspace.shell(
      """
      export PATH=\(ProcessInfo.processInfo.environment["PATH"] ?? "") GIT_CONFIG_NOSYSTEM=1 GIT_ALLOW_PROTOCOL=none
      swift package --package-path \(name) --cache-path cache show-dependencies --format flatlist
      """
    ).text.split(separator: "\n").sorted()
    #expect(packages == ["swift-argument-parser", "swift-log", "swift-system"])
  }

  @Test(
    "make install installs documents whose links work, and make uninstall removes everything but the configuration"
  )
  func install() throws {
    try make("install")
    let documents = try workspace.shell(
      "cd root/usr/share/doc/mirrorctl; grep -roE '\\]\\([^)#:]+[)#]' --include='*.md' ."
    ).text
    for line in documents.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      let target = parts[1].dropFirst(2).dropLast()
      let directory = parts[0].prefix { $0 != ":" }.split(separator: "/").dropLast().joined(separator: "/")
      let path = "\(workspace.path)/root/usr/share/doc/mirrorctl/\(directory)/\(target)"
      #expect(FileManager.default.fileExists(atPath: path), "\(line)")
    }
    #expect(documents.contains("](docs/"))
    let edited = "echo '# edited' >> root/etc/mirrorctl/mirrorctl.conf"
    try workspace.shell(edited)
    try make("install")
    #expect(try workspace.shell("tail -n 1 root/etc/mirrorctl/mirrorctl.conf").text == "# edited\n")
    try make("uninstall")
    #expect(try workspace.shell("find root ! -type d").text == "root/etc/mirrorctl/mirrorctl.conf\n")
  }

  @Test(
    "systemd accepts the units, upkeep is closed as far as its work allows, and one file sets the mirror of both",
    .enabled(if: Tool.exists("systemd-analyze"), "systemd is not installed"))
  func units() throws {
    let (root, units) = ("\(workspace.path)/root", "\(workspace.path)/root/usr/lib/systemd/system")
    try workspace.shell(
      """
      make --silent -C \(Checkout.path) install PREFIX=\(root)/usr SYSCONFDIR=\(root)/etc BIN=\(Program.path)
      export SYSTEMD_UNIT_PATH=\(units):
      systemd-analyze verify --man=no mirrorctl-upkeep.service mirrorctl-upkeep.timer \
        mirrorctl-build.service mirrorctl-build.timer
      systemd-analyze security --offline=true --threshold=40 mirrorctl-upkeep.service
      """)
    // A file of this name in /etc/systemd/system replaces the installed one.
    try workspace.shell(
      "mkdir -p own/mirrorctl-.service.d; printf '[Service]\\nNonsense=1\\n' > own/mirrorctl-.service.d/mirror.conf"
    )
    let own = "SYSTEMD_UNIT_PATH=\(workspace.path)/own:\(units): systemd-analyze verify --man=no"
    for unit in ["mirrorctl-upkeep.service", "mirrorctl-build.service"] {
      let outcome = try workspace.shell("\(own) \(unit) 2>&1 || true").text
      #expect(outcome.contains("own/mirrorctl-.service.d/mirror.conf:2: Unknown key"), "\(outcome)")
      #expect(try !workspace.shell("cat \(units)/\(unit)").text.contains("/srv/mirror"))
    }
  }

  @Test("the installed configuration is valid")
  func configuration() throws {
    let outcome = try workspace.run([
      Program.path.string, "config", "get", "path/mirror", "--config",
      "\(Checkout.path)/share/mirrorctl.conf",
    ])
    #expect(outcome.status == 0 && outcome.text == "/srv/mirror\n", "\(outcome.errorText)")
  }

  @Test("make docs writes a page for each manual page, and all links in the site work")
  func site() throws {
    // It fails if a link has no target.
    try workspace.shell("\(Checkout.path)/docs/site/make-site site")
    let manual = try workspace.shell("cd \(Checkout.path)/man; ls").text.split(separator: "\n")
    for page in manual {
      #expect(try workspace.shell("cat site/man/\(page).html").text.contains("id=\"DESCRIPTION\""), "\(page)")
    }
    #expect(
      try workspace.shell("cat site/publishing.html").text.contains("href=\"man/mirrorctl-receive.8.html\""))
  }

  @Test("the ebuilds have the version of the program")
  func ebuilds() throws {
    let names = try workspace.shell("cd \(Checkout.path)/packaging/gentoo/app-admin; ls -d */*.ebuild").text
    #expect(
      names == ["mirrorctl-bin", "mirrorctl"].map { "\($0)/\($0)-\(ToolVersion.text).ebuild\n" }.joined())
    #expect(try workspace.shell("\(Checkout.path)/scripts/version").text == "\(ToolVersion.text)\n")
  }
}

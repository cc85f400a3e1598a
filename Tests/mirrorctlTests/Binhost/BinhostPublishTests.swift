import Foundation
import Glibc
import TestSupport
import Testing

@Suite(
  "Publishing binary packages",
  .enabled(if: BinhostSite.isPossible && Tool.exists("rsync"), "rsync is not installed"))
struct BinhostPublishTests {
  private let site: BinhostSite
  private static let hello = "app-misc/hello/hello-1.0-1.gpkg.tar"

  init() throws {
    site = try BinhostSite()
    try site.package("app-misc/hello-1.0")
    try site.package("app-misc/tool-1.0")
    try site.run("index", "--format", "packages")
    try configure(grace: "0")
  }

  private func configure(grace: String) throws {
    try site.configure(
      "[section publish/www]\nto: \(site.workspace.path)/www\ndelete: yes\nkeep-remote-grace: \(grace)\nretries: 0\n[section binhost]\ngrace: 0\n"
    )
    try site.workspace.shell("mkdir -p www")
  }

  private func publish(_ status: Int32 = 0) throws -> Outcome {
    let outcome = try site.run("publish")
    #expect(outcome.status == status, "\(outcome.text)\(outcome.errorText)")
    return outcome
  }

  @Test("packages and Packages arrive; what no index names is deleted there, after the grace")
  func updates() throws {
    _ = try publish()
    #expect(site.text(in: "www") == site.text())
    #expect(site.text("Packages.gz", in: "www") == site.text("Packages.gz"))
    #expect(site.text(Self.hello, in: "www") != nil)
    #expect(try publish().text == "")
    try site.workspace.shell("rm mirror/\(BinhostSite.tree)/\(Self.hello)")
    try site.package("app-misc/hello-1.0", 2)
    try site.run("index")
    try configure(grace: "1d")
    _ = try publish()
    #expect(site.named(in: "www") == site.named())
    #expect(site.text(Self.hello, in: "www") != nil)
    try configure(grace: "0")
    _ = try publish()
    #expect(site.text(Self.hello, in: "www") == nil)
    #expect(site.text("app-misc/hello/hello-1.0-2.gpkg.tar", in: "www") != nil)
  }

  @Test("killed at any moment, what Packages there names is there, and is what it says")
  func order() throws {
    _ = try publish()
    try site.package("app-misc/hello-2.0", 1, "IMAGE=\(String(repeating: "z", count: 999))")
    try site.workspace.shell("rm mirror/\(BinhostSite.tree)/app-misc/tool/tool-1.0-1.gpkg.tar")
    try site.run("index")
    let before = try #require(site.text(in: "www"))
    // An index that cannot be replaced is the last thing that is sent, and nothing is deleted before it.
    try site.workspace.shell(
      "rm www/\(BinhostSite.tree)/Packages; mkdir -p www/\(BinhostSite.tree)/Packages/x")
    let outcome = try site.run("publish")
    #expect(outcome.status != 0)
    #expect(site.text("app-misc/hello/hello-2.0-1.gpkg.tar", in: "www") != nil)
    #expect(site.text("app-misc/tool/tool-1.0-1.gpkg.tar", in: "www") != nil)
    try site.workspace.shell("rm -r www/\(BinhostSite.tree)/Packages")
    _ = try publish()
    #expect(site.text(in: "www") != before && site.text(in: "www") == site.text())
    #expect(site.text("app-misc/tool/tool-1.0-1.gpkg.tar", in: "www") == nil)
  }

  @Test("a tree whose index and packages differ is held there, and the rest is published")
  func held() throws {
    _ = try publish()
    let before = try #require(site.text(in: "www"))
    try site.package("app-misc/new-1.0", 1, "MTIME=1480000100")
    try site.run("index")
    try site.workspace.shell(
      """
      f=mirror/\(BinhostSite.tree)/app-misc/new/new-1.0-1.gpkg.tar
      printf '?' | dd of=$f bs=1 seek=3000 conv=notrunc status=none; touch -d @1480000100 $f
      mkdir -p mirror/std/snapshots; echo x | xz > mirror/std/snapshots/portage-2016-11-17.tar.xz
      """)
    let outcome = try publish(3)
    #expect(outcome.errorText.contains("has another digest of new-1.0-1.gpkg.tar"), "\(outcome.errorText)")
    #expect(site.text(in: "www") == before)
    #expect(
      FileManager.default.fileExists(
        atPath: "\(site.workspace.path)/www/std/snapshots/portage-2016-11-17.tar.xz"))
  }

  @Test("a tree that is missing here is kept there; excluded packages are not sent")
  func missing() throws {
    _ = try publish()
    try site.workspace.shell("mv mirror/\(BinhostSite.tree) aside")
    try site.package("app-misc/x-1.0")
    try site.workspace.shell(
      "mkdir -p mirror/std/binpackages/t; mv aside/Packages mirror/std/binpackages/t/; cp -R aside/app-misc mirror/std/binpackages/t/; rm -r mirror/\(BinhostSite.tree)"
    )
    _ = try publish()
    #expect(site.text(Self.hello, in: "www") != nil)
    try site.configure("[section publish/www]\nto: \(site.workspace.path)/other\nexclude: packages\n")
    try site.workspace.shell("mkdir other")
    _ = try site.run("publish")
    #expect(try site.workspace.shell("find other -name '*.gpkg.tar'").text == "")
  }
}

import Foundation
import SystemPackage
import TestSupport
import Testing

/// A mirror with days and moments, several of them on one day.
@Suite("A mirror whose versions are days and moments")
struct MomentTests {
  /// Oldest first.
  private static let versions = [
    "2020-06-27", "20200627T120000Z", "2020-06-28", "20200628T030000Z", "20200628T170302Z",
  ]
  private static let newest = "20200628T170302Z"
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    for version in Self.versions {
      try workspace.shell(
        """
        mkdir -p mirror/std/snapshots mirror/std/x86-64bit/gen/.control
        cd mirror/std/x86-64bit/gen; mkdir \(version); printf ok > \(version)/status
        echo \(version) | xz > \(version)/stage3-gen-std-\(version).tar.xz
        echo \(version) | xz > \(version)/lxd-gen-std-\(version).tar.xz
        echo \(version) | xz > ../../snapshots/portage-\(version).tar.xz
        """)
    }
  }

  private func names(_ folder: String) throws -> Set<String> {
    Set(try workspace.shell("ls 'mirror/std/\(folder)'").text.split(separator: "\n").map(String.init))
  }

  @Test("status, nextbuild, the history and the metrics know the newest moment of a day")
  func newest() throws {
    let status = try workspace.mirrorctl("status", "--json").text
    #expect(status.components(separatedBy: "\"date\" : \"\(Self.newest)\"").count == 3, "\(status)")
    #expect(try workspace.mirrorctl("status").text.contains(" \(Self.newest) "))
    try workspace.shell(
      "printf '[section rotation]\\nbuilds: std\\narches: x86-64bit\\nsubarches: gen\\n' > .metro")
    let next = try workspace.mirrorctl("nextbuild").text
    #expect(next.contains("fulldate=\(Self.newest)\n"), "\(next)")
    let history = try workspace.mirrorctl("status", "--history").text
    let lines = history.split(separator: "\n").dropFirst().compactMap { $0.split(separator: " ").first }
    #expect(lines.map(String.init) == Self.versions.reversed(), "\(history)")
    let metrics = try workspace.mirrorctl("status", "--format", "prometheus").text
    #expect(metrics.contains("subarch=\"gen\"} 1593363782"), "\(metrics)")
  }

  @Test("the indexes offer the newest moment, and images of all of them")
  func index() throws {
    try #require(try workspace.mirrorctl("digestgen").status == 0)
    let outcome = try workspace.mirrorctl("index", "--format", "xml,json,html,simplestreams")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    let xml = try workspace.shell("cat mirror/index.xml").text
    #expect(xml.contains("latest=\"\(Self.newest)\""), "\(xml)")
    #expect(xml.contains("\(Self.newest)/stage3-gen-std-\(Self.newest).tar.xz\""), "\(xml)")
    let json = try workspace.shell("cat mirror/index.json").text
    #expect(json.contains(Self.newest), "\(json)")
    let page = try workspace.shell("cat mirror/std/x86-64bit/gen/index.html").text
    #expect(page.contains("<time datetime=\"2020-06-28T17:03:02Z\">\(Self.newest)</time>"), "\(page)")
    let images = try workspace.shell("cat mirror/streams/v1/images.json").text
    for serial in ["20200627", "20200627T120000Z", "20200628", "20200628T030000Z", Self.newest] {
      #expect(images.contains("\"\(serial)\""), "\(serial): \(images)")
    }
  }

  @Test("clean keeps the newest moments; a rule for days keeps the newest moment of each day")
  func clean() throws {
    try workspace.shell("mkdir mirror/std/x86-64bit/gen/20201301T000000Z; cp -a mirror copy")
    #expect(try workspace.mirrorctl("clean", "--apply", "--keep", "2").status == 0)
    let kept: Set = ["20200628T030000Z", Self.newest]
    #expect(try names("x86-64bit/gen") == kept.union(["20201301T000000Z"]))
    #expect(try names("snapshots") == Set(kept.map { "portage-\($0).tar.xz" }))
    try workspace.shell("rm -r mirror; mv copy mirror")
    #expect(try workspace.mirrorctl("clean", "--apply", "--keep", "1", "--keep-daily", "2").status == 0)
    #expect(try names("x86-64bit/gen") == ["20200627T120000Z", Self.newest, "20201301T000000Z"])
  }

  @Test("a moment in the future is reported and not offered")
  func future() throws {
    try workspace.shell(
      "cd mirror/std/x86-64bit/gen; cp -a \(Self.newest) 29990101T000000Z; touch mirror 2> /dev/null; true")
    let status = try workspace.mirrorctl("status")
    #expect(status.errorText.contains("29990101T000000Z: is dated in the future"), "\(status.errorText)")
    #expect(status.text.contains(" \(Self.newest) "))
  }

  @Test("init takes the moment in the name of a seed; add refuses one that does not exist")
  func seeds() throws {
    try workspace.shell(
      """
      mkdir -p seed/bin; cp "$(command -v busybox)" seed/bin/sh
      tar -C seed -cJf stage3-amd64-openrc-20200628T170302Z.tar.xz .
      """)
    let seed = workspace.path.appending("stage3-amd64-openrc-20200628T170302Z.tar.xz").string
    let outcome = try workspace.mirrorctl("init", "std", "x86-64bit", "other", "--local", seed)
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(try names("x86-64bit/other/\(Self.newest)").contains("stage3-other-std-\(Self.newest).tar.xz"))
    for version in ["20200628T250000Z", "20201301T000000Z", "20200628T170360Z"] {
      #expect(try workspace.mirrorctl("add", "std", "x86-64bit", "gen", version, seed).status == 64)
      #expect(
        try workspace.mirrorctl("build", "std", "x86-64bit", "gen", version).errorText.contains(
          "`\(version)` is not a date: use YYYY-MM-DD or YYYYMMDDTHHMMSSZ"))
    }
    let added = try workspace.mirrorctl("add", "std", "x86-64bit", "gen", "20200628T180000Z", seed)
    #expect(added.status == 0, "\(added.errorText)")
    #expect(
      try workspace.shell("readlink mirror/std/x86-64bit/gen/stage3-latest.tar.xz").text
        == "20200628T180000Z/stage3-gen-std-20200628T180000Z.tar.xz\n")
  }
}

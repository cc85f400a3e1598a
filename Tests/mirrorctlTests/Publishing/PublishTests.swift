import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// The kinds of rsync destinations.
enum PublishRoute: String, CaseIterable, Sendable {
  case path, daemon, ssh
}

@Suite("publish", .enabled(if: Tool.exists("rsync"), "rsync is not installed"))
struct PublishTests {
  private let workspace: Workspace
  private let site: PublishSite
  private let published: FilePath
  private let downloader: Downloader

  init() throws {
    workspace = try Workspace()
    site = try PublishSite("master", in: workspace)
    published = workspace.path.appending("published")
    try workspace.shell("mkdir published")
    downloader = Downloader(root: published)
    try site.build("std/x86/gen", "2016-01-01")
    try site.build("std/x86/gen", "2016-01-02", seed: 2)
    try site.build("std/arm/v7", "2016-01-01", seed: 3)
    try workspace.shell(
      "mkdir -p master/mirror/std/snapshots; cd master/mirror/std/snapshots; printf tree | xz > portage-2016-01-01.tar.xz;"
        + " ln -s portage-2016-01-01.tar.xz portage-latest.tar.xz")
    try site.refresh()
  }

  /// The settings of a target `out`, one per line.
  private func configure(_ settings: String = "") throws {
    try site.configure("[section publish/out]\nto: \(published)\nas: master\nretries: 0\n\(settings)")
  }

  private func published(_ path: String) -> Bool {
    var status = stat()
    return lstat("\(published)/\(path)", &status) == 0
  }

  @Test("several destinations are updated side by side, and a failure at one does not stop the others")
  func sideBySide() throws {
    // A connection to one destination waits until there was one to the other.
    try workspace.shell(
      """
      mkdir other
      cat > rsh <<'END'
      #!/bin/sh
      cd '\(workspace.path)'; : > "met-$1"; tries=3000
      until [ -e met-one ] && [ -e met-two ]; do
        tries=$((tries - 1)); [ $tries -gt 0 ] || exit 1; sleep 0.01
      done
      shift; exec sh -c "$*"
      END
      chmod +x rsh
      """)
    let common = "rsh: \(workspace.path)/rsh\nas: master\nretries: 0"
    try site.configure(
      """
      [section publish/first]
      to: one:\(published)
      \(common)
      [section publish/broken]
      to: \(workspace.path)/missing/place
      as: master
      retries: 0
      [section publish/second]
      to: two:\(workspace.path)/other
      \(common)
      """)
    let outcome = try site.run("publish")
    #expect(outcome.status == 3, "\(outcome.errorText)")
    #expect(outcome.errorText.contains("publish broken"), "\(outcome.errorText)")
    for name in ["first", "second"] { #expect(outcome.text.contains("\(name): "), "\(outcome.text)") }
    for place in [published, workspace.path.appending("other")] {
      #expect(Downloader(root: place).faults() == [])
      #expect(FileManager.default.fileExists(atPath: "\(place)/index.xml"))
    }
    let journal = try site.run("journal").text
    for name in ["first", "second"] { #expect(journal.contains("to \(name)"), "\(journal)") }
  }

  @Test("a path, an rsync daemon and an ssh host receive the same files", arguments: PublishRoute.allCases)
  func routes(_ route: PublishRoute) throws {
    let daemon = route == .daemon ? try RsyncDaemon(["out": published], in: workspace) : nil
    let ssh = route == .ssh ? try SSHDaemon(in: workspace) : nil
    let to = daemon?.url("out") ?? (ssh == nil ? "\(published)" : "127.0.0.1:\(published)/")
    let shell = ssh.map { "rsh: \($0.client)" } ?? ""
    try site.configure("[section publish/out]\nto: \(to)\nas: master\nretries: 0\n\(shell)")
    let outcome = try site.run("publish")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(outcome.text.contains("out: "), "\(outcome.text)")
    #expect(downloader.faults() == [])
    #expect(try downloader.wrongSidecars() == [])
    let (here, there) = (try Tree(site.mirror), try Tree(published))
    for (path, node) in here.nodes where !path.split(separator: "/").contains(where: { $0.hasPrefix(".") }) {
      let isExcluded = path.contains("/stage1")
      #expect(there.nodes[path] == (isExcluded ? nil : node), "\(path)")
    }
    for path in there.nodes.keys where !path.hasPrefix("project") {
      #expect(here.nodes[path] != nil, "\(path)")
    }
    let trace = try String(contentsOfFile: "\(published)/project/trace/master", encoding: .utf8)
    let digest = try workspace.run(["sha256sum", "\(published)/index.xml"]).text.prefix(64)
    #expect(trace.contains("Index-SHA256: \(digest)\n"))
    #expect(trace.contains("Host: master\n"))

    let again = try site.run("publish")
    #expect(again.status == 0, "\(again.errorText)")
    #expect(again.text == "", "nothing is sent twice")
    #expect(again.errorText == "")
  }

  @Test("a dry run prints every phase, and writes nothing here or there")
  func dryRun() throws {
    try configure("delete: yes\nkeep-remote-grace: 0")
    let (here, there) = (try Tree(site.mirror), try Tree(published))
    let outcome = try site.run("publish", "--dry-run")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(outcome.text.contains("would send"), "\(outcome.text)")
    #expect(outcome.text.contains("(payload)"))
    #expect(outcome.text.contains("(indexes)"))
    #expect(try Tree(published).differences(from: there) == [])
    #expect(try Tree(site.mirror).differences(from: here) == [])
    let json = try site.run("publish", "--dry-run", "--json")
    let object = try JSONSerialization.jsonObject(with: Data(json.output)) as? [String: Any]
    let destinations = object?["destinations"] as? [[String: Any]]
    let plan = destinations?.first?["plan"] as? [String: Any]
    #expect((plan?["payload"] as? [String])?.contains { $0.hasSuffix("2016-01-01.tar.xz") } == true)
    #expect(plan?["bytes"] as? Int ?? 0 > 600_000)
  }

  @Test("--quiet prints nothing if there are no problems")
  func quiet() throws {
    try configure()
    let outcome = try site.run("publish", "--quiet")
    #expect(outcome.status == 0 && outcome.output.isEmpty && outcome.errors.isEmpty, "\(outcome.errorText)")
  }

  @Test("names of arbitrary bytes are sent and deleted correctly")
  func names() throws {
    try configure("delete: yes\nkeep-remote-grace: 0")
    let version = "std/x86/gen/2016-01-02"
    let names = [
      "a -> b", "*?[x]", "\\#012", " x ", "tab\there", "new\nline", "-n", "\\back*slash", "ä\u{202e}",
    ]
    for name in names {
      try Data("x".utf8).write(to: URL(fileURLWithPath: "\(site.mirror)/\(version)/\(name)"))
    }
    // For rsync, lines of a list that begin like these are comments.
    let comments = ["#notes#", ";list", "#recycle/x"]
    try workspace.shell(
      "cd '\(site.mirror)' && mkdir '#recycle' && echo x | tee '#notes#' ';list' '#recycle/x' > /dev/null")
    // Names that match them as patterns must not be changed.
    try workspace.shell("mkdir -p 'published/\(version)'; : > 'published/\(version)/.axb'")
    #expect(try site.run("publish").status == 0)
    for name in names { #expect(published("\(version)/\(name)"), "\(name)") }
    for name in comments { #expect(published(name), "\(name)") }
    for name in names.dropFirst(2) { unlink("\(site.mirror)/\(version)/\(name)") }
    let outcome = try site.run("publish")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    for (index, name) in names.enumerated() {
      #expect(published("\(version)/\(name)") == (index < 2), "\(name)")
    }
    #expect(published("\(version)/.axb"))
  }

  @Test("files deleted here are deleted there after the grace period; foreign files never are")
  func deletion() throws {
    try configure("delete: yes\nkeep-remote-grace: 1d")
    try workspace.shell(
      "mkdir -p published/distfiles/a/b/2016-01-01; : > published/distfiles/a/b/README; : > published/robots.txt"
    )
    #expect(try site.run("publish").status == 0)
    try workspace.shell("mkdir -p published/std/x86/gen/2016-01-01/.mine")
    let cleaned = try site.run("clean", "--apply", "--keep", "1", "--quiet")
    #expect(cleaned.status == 0, "\(cleaned.errorText)")
    #expect(try site.run("publish").status == 0)
    #expect(published("std/x86/gen/2016-01-01/status"))
    try configure("delete: yes\nkeep-remote-grace: 0")
    let outcome = try site.run("publish")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(outcome.text.contains("deleted there"), "\(outcome.text)")
    #expect(!published("std/x86/gen/2016-01-01/status"))
    // A directory with foreign files is kept.
    #expect(published("std/x86/gen/2016-01-01/.mine"))
    #expect(published("distfiles/a/b/README"))
    #expect(published("robots.txt"))
    #expect(published("std/x86/gen/2016-01-02/status"))
    #expect(downloader.faults() == [])
  }

  @Test("corrupt files are not sent, and do no harm if they were sent while intact")
  func corrupt() throws {
    try configure()
    try #require(try site.run("publish").status == 0)
    try workspace.shell(
      """
      cd '\(site.mirror)/std/x86/gen/2016-01-02'; tarball=$(ls stage3*.xz); time=$(stat -c %.9Y $tarball)
      printf damage | dd of=$tarball conv=notrunc status=none; touch -d @$time $tarball
      """)
    #expect(try site.run("verify").status == 4)
    let sound = try site.run("publish")
    #expect(sound.status == 0, "\(sound.errorText)")
    #expect(downloader.faults() == [])
    try workspace.shell("rm -r '\(published)'; mkdir '\(published)'")
    for options in [[], ["--dry-run"]] {
      let outcome = try workspace.run(site.command(["publish"] + options))
      #expect(outcome.status == 5, "\(outcome.errorText)")
      #expect(outcome.errorText.contains(".tar.xz: is corrupt"), "\(outcome.errorText)")
      #expect(try Tree(published).nodes.isEmpty)
    }
  }

  @Test("more deletions than max-delete are refused with status 5: nothing is deleted, the setting is named")
  func maxDelete() throws {
    try configure("delete: yes\nkeep-remote-grace: 0\nmax-delete: 2")
    #expect(try site.run("publish").status == 0)
    try workspace.shell("rm -rf master/mirror/std/x86/gen/2016-01-01")
    let before = try Tree(published)
    let outcome = try site.run("publish")
    #expect(outcome.status == 5, "\(outcome.errorText)")
    #expect(outcome.errorText.contains("publish/out/max-delete"), "\(outcome.errorText)")
    #expect(try Tree(published).differences(from: before) == [])
  }

  @Test(
    "a directory that cannot be listed loses nothing",
    .enabled(if: geteuid() == 0, "an ordinary user is needed"))
  func unlistable() throws {
    let daemon = try RsyncDaemon(
      ["out": published], settings: ["uid = nobody", "gid = nogroup"], in: workspace)
    try site.configure(
      "[section publish/out]\nto: \(daemon.url("out"))\nretries: 0\ndelete: yes\nkeep-remote-grace: 0")
    try workspace.shell("chmod 777 published; chmod 755 .")
    #expect(try site.run("publish").status == 0)
    try workspace.shell(
      "rm -rf master/mirror/std/x86/gen/2016-01-01; chown -R root published/std/arm; chmod 700 published/std/arm"
    )
    let before = try Tree(published)
    let outcome = try site.run("publish")
    #expect(outcome.status == 1, "\(outcome.errorText)")
    #expect(try Tree(published).differences(from: before) == [])
  }

  @Test("an empty mirror is not published, whatever exists there")
  func emptyMirror() throws {
    try configure("delete: yes\nkeep-remote-grace: 0")
    #expect(try site.run("publish").status == 0)
    try workspace.shell("mv master/mirror master/away; mkdir master/mirror")
    let before = try Tree(published)
    let outcome = try site.run("publish")
    #expect(outcome.status == 5, "\(outcome.errorText)")
    #expect(outcome.errorText.contains("is not a mirror"), "\(outcome.errorText)")
    #expect(try Tree(published).differences(from: before) == [])
  }

  @Test("an index that names excluded files is refused before anything is sent")
  func excludedButIndexed() throws {
    try configure("exclude: stage3*")
    let outcome = try site.run("publish")
    #expect(outcome.status == 5, "\(outcome.errorText)")
    #expect(outcome.errorText.contains("exclude: stage3*"), "\(outcome.errorText)")
    #expect(try Tree(published).nodes.isEmpty)
  }

  @Test(
    "if any index names a missing file, nothing is sent",
    arguments: ["json", "latest", "simplestreams"])
  func goneButIndexed(_ format: String) throws {
    let (subarch, date) = ("std/x86-64bit/generic_64", "2016-01-02")
    try site.build(subarch, date)
    try workspace.shell(
      "cd '\(site.mirror)/\(subarch)/\(date)'; cp stage3-generic_64-std-\(date).tar.xz lxd-generic_64-std-\(date).tar.xz"
    )
    try configure()
    #expect(try site.run("digestgen").status == 0)
    #expect(try site.run("index", "--format", format).status == 0)
    try workspace.shell("rm '\(site.mirror)/index.xml'; rm '\(site.mirror)/\(subarch)/\(date)'/lxd*")
    let outcome = try site.run("publish")
    #expect(outcome.status == 5, "\(outcome.errorText)")
    #expect(outcome.errorText.contains(".tar.xz, which does not exist"), "\(outcome.errorText)")
    #expect(try Tree(published).nodes.isEmpty)
  }

  @Test("other files at the root are sent once, and directories are accessible to all")
  func other() throws {
    try configure()
    try workspace.shell("echo boot > '\(site.mirror)/boot.iso'; echo read > '\(site.mirror)/std/README'")
    let command = site.command(["publish", "--dry-run"])
    let planned = try workspace.run(command).text
    #expect(planned.contains("would send 1 file (indexes)") && !planned.contains("(pages)"), "\(planned)")
    #expect(
      try workspace.run(["sh", "-c", "umask 077; exec \"$@\"", "sh"] + site.command(["publish"])).status == 0)
    #expect(published("boot.iso") && published("std/README"))
    let closed = try workspace.run(["find", published.string, "-type", "d", "!", "-perm", "0755"])
    #expect(closed.text == "")
    try workspace.shell("echo changed > '\(site.mirror)/std/README'")
    #expect(try site.run("publish").text.contains("1 file sent"))
  }

  @Test("an index that is older than a tarball is refused, and so is a tarball newer than its digests")
  func staleIndex() throws {
    try configure()
    #expect(try site.run("publish").status == 0)
    let tarball = "\(site.mirror)/std/x86/gen/2016-01-02/stage3-gen-std-2016-01-02.tar.xz"
    let before = try Tree(published)
    try site.tar(tarball, bytes: 200_004, seed: 9)
    #expect(try site.run("publish").status == 5)
    try site.tar(tarball, bytes: 200_000, seed: 9)
    try workspace.shell("touch -d tomorrow '\(tarball)'")
    let planned = try site.run("publish", "--dry-run")
    #expect(planned.status == 5 && planned.errorText.contains("mirrorctl digestgen"), "\(planned.errorText)")
    let outcome = try site.run("publish")
    #expect(outcome.status == 5, "\(outcome.errorText)")
    #expect(outcome.errorText.contains("mirrorctl digestgen"), "\(outcome.errorText)")
    #expect(try Tree(published).differences(from: before) == [])
  }

  @Test("a tarball that was only touched is published after it is read again")
  func touched() throws {
    try configure()
    try workspace.shell(
      "touch -d '1 hour' '\(site.mirror)/std/x86/gen/2016-01-02/stage3-gen-std-2016-01-02.tar.xz'")
    #expect(try site.run("publish").status == 5)
    #expect(try site.run("verify").status == 0)
    let outcome = try site.run("publish")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(downloader.faults() == [])
  }

  @Test("files excluded later are kept there as long as they exist here")
  func excludedLater() throws {
    try configure("delete: yes\nkeep-remote-grace: 0")
    try #require(try site.run("publish").status == 0)
    try configure("delete: yes\nkeep-remote-grace: 0\nexclude: snapshots stage1 marks")
    #expect(try site.run("publish").text == "")
    #expect(published("std/snapshots/portage-2016-01-01.tar.xz"))
    try workspace.shell("rm '\(site.mirror)/std/snapshots/'portage-2016*")
    // All of them are missing at once: accepted only after forget.
    #expect(try site.run("publish").status == 3)
    #expect(published("std/snapshots/portage-2016-01-01.tar.xz"))
    #expect(try site.run("forget", "std/snapshots").status == 0)
    #expect(try site.run("publish").status == 0)
    #expect(!published("std/snapshots/portage-2016-01-01.tar.xz"))
  }

  @Test("a replaced tarball is sent together with its digests and the index")
  func replaced() throws {
    try configure()
    #expect(try site.run("publish").status == 0)
    try site.tar(
      "\(site.mirror)/std/x86/gen/2016-01-02/stage3-gen-std-2016-01-02.tar.xz", bytes: 150_000, seed: 9)
    try site.refresh()
    let outcome = try site.run("publish")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(downloader.faults() == [])
    #expect(try downloader.wrongSidecars() == [])
  }

  @Test("pages and indexes of every format are sent, and again when they change")
  func formats() throws {
    let index =
      "[section index]\nformats: xml json html metalink latest simplestreams\nurls: https://mirror.example.org"
    try site.configure(
      "\(index)\n[section publish/out]\nto: \(published)\nas: master\ndelete: yes\nkeep-remote-grace: 0")
    for date in ["2016-01-02", "2016-01-03"] {
      try site.build("std/x86/gen", date, bytes: 1000, seed: 8)
      // Like upkeep: all formats of the configuration.
      #expect(try site.run("upkeep", "--quiet", "--keep", "1").status == 0)
      let outcome = try site.run("publish")
      #expect(outcome.status == 0, "\(outcome.errorText)")
      let (here, there) = (try Tree(site.mirror).nodes, try Tree(published).nodes)
      #expect(here.keys.contains("streams/v1/index.json") && here.keys.contains("std/x86/gen/index.html"))
      #expect(here.keys.contains { $0.hasSuffix(".meta4") })
      for (path, node) in here where !path.split(separator: "/").contains(where: { $0.hasPrefix(".") }) {
        if !path.contains("/stage1") { #expect(there[path] == node, "\(path)") }
      }
      for path in there.keys where !path.hasPrefix("project") { #expect(here[path] != nil, "\(path)") }
    }
  }

  @Test("unfinished and failed versions are not published, nor links to them")
  func unfinished() throws {
    try configure()
    try workspace.shell(
      """
      cd master/mirror/std/x86/gen; mkdir 2016-01-03 2016-01-04
      printf part > 2016-01-03/stage3-gen-std-2016-01-03.tar.xz
      printf fail > 2016-01-04/status; : > 2016-01-04/build-info.json
      ln -sfn 2016-01-03/stage3-gen-std-2016-01-03.tar.xz stage3-latest.tar.xz
      """)
    #expect(try site.run("publish").status == 0)
    #expect(!published("std/x86/gen/2016-01-03") && !published("std/x86/gen/2016-01-04"))
    #expect(!published("std/x86/gen/stage3-latest.tar.xz"))
  }

  @Test("an absolute link into the mirror is published as a relative one; a link out of it is not published")
  func absoluteLinks() throws {
    try configure()
    try workspace.shell(
      """
      cd master/mirror/std/x86/gen
      ln -sfn "$PWD/2016-01-02/stage3-gen-std-2016-01-02.tar.xz" stage3-latest.tar.xz; ln -s /etc/passwd out
      """)
    #expect(try site.run("publish").status == 0)
    let link = try FileManager.default.destinationOfSymbolicLink(
      atPath: "\(published)/std/x86/gen/stage3-latest.tar.xz")
    #expect(link == "2016-01-02/stage3-gen-std-2016-01-02.tar.xz")
    #expect(!published("std/x86/gen/out"))
  }

  @Test("`what: own` sends the subarches built here, and no index")
  func own() throws {
    try site.configure(
      """
      [section rotation]
      builds: std
      arches: x86
      all-arches: x86 arm
      subarches: gen
      also-stored: v7
      [section publish/out]
      to: \(published)
      what: own
      """)
    let outcome = try site.run("publish")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(published("std/x86/gen/2016-01-02/status"))
    #expect(!published("std/arm") && !published("index.xml"))
  }

  @Test("if one of two destinations fails, the other is published and the status is 3; 1 if all fail")
  func partly() throws {
    try site.configure(
      "[section publish/bad]\nto: /nowhere/at/all\nretries: 0\n[section publish/out]\nto: \(published)")
    let outcome = try site.run("publish")
    #expect(outcome.status == 3, "\(outcome.errorText)")
    #expect(outcome.errorText.contains("publish bad"), "\(outcome.errorText)")
    #expect(downloader.faults() == [] && published("index.xml"))
    #expect(try site.run("publish", "bad").status == 1)
  }
}

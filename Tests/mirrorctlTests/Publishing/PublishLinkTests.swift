import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// Root publishes a mirror that another user can change meanwhile.
@Suite(
  "Root publishing another user's mirror",
  .enabled(if: geteuid() == 0 && Tool.exists("rsync"), "needs root and rsync"))
struct PublishLinkTests {
  private let mirror: PublishedMirror
  private var site: PublishSite { mirror.site }
  private var workspace: Workspace { mirror.workspace }

  init() throws {
    mirror = try PublishedMirror()
    try mirror.fill()
    try mirror.configure()
  }

  /// Runs a verb with an `rsync` that first runs a script in the workspace, then the real program.
  private func run(_ arguments: [String], script: String) throws -> Outcome {
    try workspace.shell(
      """
      mkdir -p bin; cat > bin/rsync <<'END'
      #!/bin/sh
      (cd '\(workspace.path)'; \(script))
      exec /usr/bin/rsync "$@"
      END
      chmod 755 bin/rsync
      """)
    let path = "PATH=\(workspace.path)/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return try workspace.run(["env", path] + site.command(arguments))
  }

  @Test("keeps rsync from following links in the mirror, also if it is found through one")
  func links() throws {
    try workspace.shell(
      """
      mkdir -m 700 secret; echo secret > secret/file; chown -R 65534 '\(site.mirror)'
      ln -s '\(workspace.path)/secret' '\(site.mirror)/.lure'; mv master/mirror master/real
      ln -s real master/mirror
      """)
    let outcome = try run(
      ["publish"],
      script: """
        for name in mirror real; do
          cat master/$name/.lure/file >> leaked 2> /dev/null; readlink master/$name/.lure >> seen; done
        """)
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(try workspace.shell("cat leaked").text == "")
    #expect(try workspace.shell("sort -u seen").text == "\(workspace.path)/secret\n")
    #expect(mirror.downloader.faults() == [])
    #expect(mirror.exists("std/x86/gen/stage3-latest.tar.xz"), "links are sent")
    // Nothing was mounted for others.
    let mounts = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
    #expect(!mounts.contains(workspace.path.string))
  }

  @Test("sends nothing from behind a link that replaces a directory during the run")
  func swapped() throws {
    let version = "master/mirror/std/arm/v7/2016-01-01"
    try workspace.shell(
      "cp -a \(version) stolen; echo stolen > stolen/log/stage3.txt; chown -R 65534 '\(site.mirror)'")
    let outcome = try run(
      ["publish"],
      script: """
        case "$*" in *--files-from*) [ -L \(version) ] || {
          mv \(version) away; ln -s '\(workspace.path)/stolen' \(version); chown -h 65534 \(version); };; esac
        """)
    #expect(outcome.status != 0)
    #expect(mirror.there("std/arm/v7/2016-01-01/log/stage3.txt") == nil)
  }

  @Test("warns once a day if the kernel cannot do that")
  func warning() throws {
    try workspace.shell("chown -R 65534 '\(site.mirror)'")
    let command = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]
    for isFirst in [true, false] {
      let outcome = try workspace.run(command + site.command(["publish"]))
      #expect(outcome.status == 0, "\(outcome.errorText)")
      #expect(
        outcome.errorText.contains("rsync runs as root and follows links in \(site.mirror)") == isFirst,
        "\(outcome.errorText)")
    }
    #expect(mirror.downloader.faults() == [])
  }

  @Test("does not publish a hard link to a file that not all users may read")
  func secret() throws {
    try workspace.shell(
      """
      echo secret > secret; chmod 600 secret; ln secret master/mirror/std/x86/gen/2016-01-02/log/x.txt
      chown 65534 $(find '\(site.mirror)' -type d)
      """)
    let outcome = try site.run("publish")
    #expect(outcome.status == 3, "\(outcome.errorText)")
    #expect(outcome.errorText.contains("log/x.txt: has another name (a hard link)"), "\(outcome.errorText)")
    #expect(!mirror.exists("std/x86/gen/2016-01-02"))
    #expect(mirror.exists("std/arm/v7/2016-01-01/status"))
  }
}

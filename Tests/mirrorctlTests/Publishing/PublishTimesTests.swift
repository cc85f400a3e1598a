import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// How receivers handle times and links.
enum OddSide: String, CaseIterable, Sendable {
  /// Times have a resolution of two seconds, as on FAT.
  case rounds
  /// utimes(2) succeeds but changes nothing.
  case forgets
  /// utimes(2) fails.
  case refuses
  /// symlink(2) fails.
  case hasNoLinks

  /// Writes a remote shell that runs rsync this way.
  func shell(_ published: FilePath, in workspace: Workspace) throws -> String {
    let inject = { (calls: String, fault: String) in
      "exec strace -f -qq -o /dev/null -e trace=\(calls) -e inject=\(calls):\(fault) sh -c \"$*\""
    }
    let script =
      switch self {
      case .rounds:
        """
        sh -c "$*"; status=$?
        find '\(published)' -type f -exec sh -c 'for file; do time=$(stat -c %Y "$file")
          touch -d "@$((time - time % 2))" "$file"; done' sh {} +
        exit $status
        """
      case .forgets: inject("utimensat", "retval=0")
      case .refuses: inject("utimensat", "error=EPERM")
      case .hasNoLinks: inject("symlinkat,symlink", "error=EPERM")
      }
    return try workspace.program("rsh-\(rawValue)", "shift\n\(script)").string
  }
}

@Suite(
  "A target that cannot keep times or links",
  .enabled(if: Tool.exists("rsync") && Tool.exists("strace"), "rsync and strace are needed"))
struct PublishTimesTests {
  private let mirror: PublishedMirror
  private var site: PublishSite { mirror.site }

  init() throws {
    mirror = try PublishedMirror()
    try mirror.fill()
    // An odd number of seconds, which every file system can store.
    try mirror.workspace.shell("find '\(site.mirror)' -type f -exec touch -d @1451700001 {} +")
    try site.refresh()
  }

  private func publish(_ status: Int32 = 0) throws -> Outcome {
    let outcome = try site.run("publish")
    #expect(outcome.status == status, "\(outcome.text)\(outcome.errorText)")
    return outcome
  }

  /// Publishes everything, then nothing new, a change and a deletion.
  private func expectOrder() throws {
    _ = try publish()
    #expect(mirror.downloader.faults() == [])
    #expect(mirror.exists("index.xml") && mirror.exists("project/trace/master"))
    let again = try publish()
    #expect(again.text == "" && again.errorText == "", "\(again.text)\(again.errorText)")
    try mirror.replace(PublishedMirror.gen, seed: 9)
    try site.refresh()
    _ = try publish()
    #expect(mirror.here(PublishedMirror.gen) == mirror.there(PublishedMirror.gen))
    #expect(mirror.downloader.faults() == [])
    #expect(try site.run("clean", "--apply", "--keep", "1", "--quiet").status == 0)
    #expect(try publish().text.contains("deleted there"))
    #expect(!mirror.exists("std/x86/gen/2016-01-01"))
    #expect(mirror.downloader.faults() == [])
    let modes = try mirror.workspace.run([
      "find", mirror.published.string, "-type", "f", "!", "-perm", "0644",
    ])
    #expect(modes.text == "")
  }

  @Test("gets everything once, then only changes and deletions", arguments: OddSide.allCases)
  func order(_ side: OddSide) throws {
    let shell = try side.shell(mirror.published, in: mirror.workspace)
    try mirror.configure(
      "rsh: \(shell)\ndelete: yes\nkeep-remote-grace: 0", to: "there:\(mirror.published)")
    try expectOrder()
  }

  @Test(
    "a file changed there, with another time, is detected and sent again", arguments: [OddSide.rounds]
  )
  func changedThere(_ side: OddSide) throws {
    let shell = try side.shell(mirror.published, in: mirror.workspace)
    try mirror.configure("rsh: \(shell)", to: "there:\(mirror.published)")
    _ = try publish()
    try mirror.workspace.shell(
      "printf X | dd of='\(mirror.published)/\(PublishedMirror.gen)' conv=notrunc bs=1 seek=9 status=none")
    #expect(try publish().text.contains("1 file sent"))
    #expect(mirror.downloader.faults() == [])
    try mirror.workspace.shell("touch '\(mirror.published)/\(PublishedMirror.gen)'")
    #expect(try publish().text == "", "the content is compared and equal")
  }

  @Test("without links is reported once: links are left out, all other files are sent")
  func noLinks() throws {
    let shell = try OddSide.hasNoLinks.shell(mirror.published, in: mirror.workspace)
    try mirror.configure("rsh: \(shell)", to: "there:\(mirror.published)")
    let first = try publish()
    #expect(first.errorText.contains("symbolic links are not supported there"), "\(first.errorText)")
    #expect(!mirror.exists("std/x86/gen/stage3-latest.tar.xz"))
    #expect(mirror.downloader.faults() == [])
    #expect(try publish().errorText == "")
    // After a move to another file system, a check retries.
    try mirror.configure("")
    #expect(try site.run("publish", "--check", "1%").status == 0)
    #expect(mirror.exists("std/x86/gen/stage3-latest.tar.xz"))
  }

  @Test(
    "whose times end in 2038 gets everything once",
    .enabled(if: geteuid() == 0, "mounting needs root"))
  func pastTheEnd() throws {
    try mirror.workspace.shell(
      "truncate -s 16M disk; mke2fs -q -t ext4 -I 128 -O ^has_journal disk; mount -o loop disk published")
    defer { _ = try? Tool.run("umount", "--lazy", mirror.published.string) }
    try mirror.workspace.shell(
      "find '\(site.mirror)' -name '*.tar.xz' -type f -exec touch -d 2040-05-05 {} +")
    try site.refresh()
    try mirror.configure("delete: yes\nkeep-remote-grace: 0")
    try expectOrder()
  }
}

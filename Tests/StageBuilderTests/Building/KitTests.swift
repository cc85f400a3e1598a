import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import StageBuilder

@Suite("Kits of a meta-repo", .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct KitTests {
  /// A site whose snapshots are made from a meta-repo.
  private static func site(_ settings: String = "") throws -> BuildSite {
    let site = try BuildSite(isPrepared: false)
    try MetaRepositorySite.make(in: site.workspace)
    try site.workspace.shell("sed -i '/source\\/type: local/d; /source\\/remote/d' conf")
    let conf = try String(contentsOfFile: site.workspace.path.appending("conf").string, encoding: .utf8)
    try site.write(
      "conf",
      conf + """
        [section snapshot/source]
        type: meta-repo
        remote: file://\(site.workspace.path)/git/meta-repo
        branch: next
        \(settings)
        """)
    return site
  }

  private func unpack(_ site: BuildSite, _ date: String = "2026-11-22") throws {
    try site.succeed(["snapshot", "std", date, "--mirror", site.workspace.mirror.string])
    try site.workspace.shell(
      "rm -rf out; mkdir out; tar -C out -xf 'mirror/std/snapshots/portage-\(date).tar.xz'")
  }

  @Test("are those that kit-sha1.json names, whatever the gitlinks say", arguments: ["dead", "live"])
  func snapshot(type: String) throws {
    let site = try Self.site("[section snapshot]\ntype: \(type)\n")
    try unpack(site)
    try site.workspace.shell(
      """
      cd out/meta-repo; test "$(ls kits | tr '\\n' ' ')" = 'core-kit python-kit '
      test -e kits/core-kit/profiles/repo_name; test ! -e kits/core-kit/later
      test "$(cut -d ' ' -f 1,2 metadata/mirrorctl-kits)" = "$(printf 'core-kit next\\npython-kit next/3.9')"
      test "$(cut -d ' ' -f 3 metadata/mirrorctl-kits | tail -1)" = "$(git -C ../../git/python-kit rev-parse HEAD)"
      """)
    guard type == "live" else {
      try site.workspace.shell("test -z \"$(find out -name .git)\"")
      return
    }
    try site.workspace.shell(
      """
      cd out/meta-repo/kits/core-kit; git fsck --strict; git reset -q; test -z "$(git status --porcelain)"
      test "$(git branch --show-current)" = next; git pull -q; test -e later
      """)
  }

  @Test("are the same bytes from another cache")
  func reproducible() throws {
    let site = try Self.site("[section snapshot]\ntype: live\n")
    func sum() throws -> String {
      try unpack(site)
      let sum = try site.workspace.shell("sha256sum < mirror/std/snapshots/portage-2026-11-22.tar.xz").text
      try site.workspace.shell("rm -rf tmp mirror/std")
      return sum
    }
    #expect(try sum() == sum())
  }

  @Test("can be pinned to a branch or a commit, left out, and fetched from elsewhere")
  func pins() throws {
    let site = try Self.site()
    let later = try site.workspace.shell("git -C git/core-kit rev-parse HEAD").text.dropLast()
    try site.workspace.shell(
      "mkdir elsewhere; mv git/core-kit elsewhere; printf 'kits: file://'$PWD'/elsewhere/\\n[section snapshot/kits]\\npython-kit: skip\\ncore-kit: \(later)\\n' >> conf"
    )
    try unpack(site, "2026-11-21")
    try site.workspace.shell(
      "cd out/meta-repo; test -e kits/core-kit/later; test ! -e kits/python-kit; grep -qx 'core-kit next \(later) pinned' metadata/mirrorctl-kits"
    )
    try site.workspace.shell("sed -i 's/^core-kit:.*/core-kit: mark/' conf")
    try unpack(site)
    try site.workspace.shell(
      "cd out/meta-repo; test -e kits/core-kit/later; grep -q '^core-kit mark ' metadata/mirrorctl-kits")
    // Neither branches nor kits that do not exist.
    for (text, message) in [
      ("core-kit: marc", "snapshot/kits/core-kit: metadata/kit-sha1.json has no commit of the branch `marc`"),
      ("core-kid: mark", "did you mean `core-kit`?"),
      ("core-kit: \(String(repeating: "12", count: 20))", "has no commit 1212"),
    ] {
      try site.workspace.shell("sed -i 's/^core-ki.:.*/\(text)/' conf")
      let outcome = try site.run(["snapshot", "std", "2026-11-23"])
      #expect(outcome.status == 1)
      #expect(outcome.errorText.contains(message), "\(outcome.errorText)")
    }
  }

  @Test("do not lead out of the snapshot, and are refused if they are not understood")
  func hostile() throws {
    func kits(_ commits: String, _ information: String? = nil) throws -> [Kit] {
      try KitList(
        commits: Array(commits.utf8), information: information.map { Array($0.utf8) }, source: "meta-repo"
      ).kits(pins: [:])
    }
    let commit = String(repeating: "ab", count: 20)
    #expect(
      try kits(#"{"a-kit": {"x/1.0": "\#(commit)"}}"#) == [
        Kit(name: "a-kit", branch: "x/1.0", commit: commit, isPinned: false)
      ])
    // The format of older releases.
    let older = #"""
      {"kit_order": ["b", "a"], "release_info": {"default": "1.3"},
       "release_defs": {"1.2": {"a": ["old"]}, "1.3": {"b": ["new"], "a": ["new", "old"]}}}
      """#
    #expect(
      try kits(#"{"a": {"old": "\#(commit)", "new": "\#(commit)"}, "b": {"new": "\#(commit)"}}"#, older).map {
        "\($0.name) \($0.branch)"
      } == ["b new", "a new"])
    for (name, branch, commit) in [
      ("../etc", "next", commit), ("a/b", "next", commit), (".git", "next", commit), ("-x", "next", commit),
      ("a", "../next", commit), ("a", "-next", commit), ("a", "n ext", commit), ("a", "next", "HEAD"),
      ("a", "next", "--upload-pack=x"), ("a'b", "next", commit),
    ] {
      #expect(throws: (any Error).self) { try kits(#"{"\#(name)": {"\#(branch)": "\#(commit)"}}"#) }
    }
    let deep = String(repeating: #"{"a":"#, count: 10_000)
    for text in ["[]", "{}}", #"{"a": 1}"#, deep] {
      #expect(throws: (any Error).self) { try kits(text) }
    }
    for text in ["[]", "{}}", #"{"kit_order": 1}"#, #"{"release_defs": []}"#, deep] {
      #expect(throws: (any Error).self) { try kits("{}", text) }
    }
  }
}

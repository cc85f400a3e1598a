import LinuxSystem
import MirrorModel
import TestSupport
import Testing

@testable import MirrorTools

@Suite("The plan of publishing")
struct PublishPlannerTests {
  private var destination = PublishDestination(name: "test", to: .path("/nowhere"))

  private func deleting(after grace: Int = 0) -> PublishDestination {
    var destination = destination
    destination.deletes = true
    destination.grace = grace
    return destination
  }

  private func entry(_ path: String, _ node: ListedNode, _ role: LocalEntry.Role = .payload) -> LocalEntry {
    LocalEntry(path: MirrorPath(path), node: node, role: role)
  }

  private func local(_ entries: [LocalEntry], held: [MirrorPath] = []) -> LocalListing {
    var listing = LocalListing(.builtIn)
    listing.entries = entries.sorted { $0.path < $1.path }
    listing.hold(with: held)
    listing.subarches = ["std/x86/gen"]
    listing.hasVersions = true
    return listing
  }

  /// A version with a tarball, its digest, `status`, a link to it and an index.
  private var whole: LocalListing {
    local([
      entry("std/x86/gen/2026-11-20/stage3.tar.xz", .file(size: 10, seconds: 1)),
      entry("std/x86/gen/2026-11-20/stage3.tar.xz.hash.txt", .file(size: 72, seconds: 2)),
      entry("std/x86/gen/2026-11-20/status", .file(size: 2, seconds: 3), .status),
      entry("std/x86/gen/stage3-latest.tar.xz", .link(Array("2026-11-20/stage3.tar.xz".utf8)), .link),
      entry("index.xml", .file(size: 100, seconds: 4), .index),
    ])
  }

  private func listing(_ local: LocalListing) -> RemoteListing {
    var nodes: [MirrorPath: ListedNode] = [:]
    for entry in local.entries {
      nodes[entry.path] = entry.node
      for ancestor in entry.path.ancestors { nodes[ancestor] = .directory }
    }
    return RemoteListing(nodes: nodes)
  }

  private func plan(
    _ local: LocalListing, _ remote: RemoteListing, _ destination: PublishDestination,
    grace: [MirrorPath: Int64] = [:],
    now: Int64 = 1_000_000
  ) -> PublishPlan {
    var planner = PublishPlanner(destination: destination, grace: grace, now: now)
    // Deleted files were sent according to a record.
    if destination.deletes { planner.knowledge = sent(local, remote) }
    return planner.plan(local, remote)
  }

  /// A record of everything there and here.
  private func sent(_ local: LocalListing, _ remote: RemoteListing) -> PublishKnowledge {
    var knowledge = PublishKnowledge()
    var record = SentRecord(origin: "here:/mirror")
    for (path, node) in remote.nodes where !path.isWithin("distfiles") {
      if case .file(let size, let seconds) = node {
        record.files[path] = .init(size: size, seconds: seconds, sha256: [1])
      } else if case .link = node {
        record.links.insert(path)
      }
    }
    for entry in local.entries {
      guard case .file(let size, let seconds) = entry.node else { continue }
      record.files[entry.path] = .init(size: size, seconds: seconds, sha256: [1])
      knowledge.sums[entry.path] = [1]
    }
    knowledge.record = record
    return knowledge
  }

  @Test("an empty destination gets everything: payload, then status and links, then the index")
  func first() {
    let plan = plan(whole, RemoteListing(), destination)
    #expect(plan.payload.map(\.path.name) == ["stage3.tar.xz", "stage3.tar.xz.hash.txt"])
    #expect(plan.marks.map(\.path.name) == ["status", "stage3-latest.tar.xz"])
    #expect(plan.indexes.changed.map(\.path) == ["index.xml"])
    #expect(plan.replaced.isEmpty)
    #expect(plan.bytes == 184)
  }

  @Test("files that cannot be sent are held with everything that belongs to them")
  func heldCompany() {
    var listing = local(
      ["a", "b", "c"].flatMap { name in
        ["", ".hash.txt"].map {
          entry("std/snapshots/\(name)-2026-11-20.tar.xz\($0)", .file(size: 1, seconds: 1))
        }
      } + whole.entries)
    listing.hold(with: [
      "std/snapshots/a-2026-11-20.tar.xz", "std/snapshots/b-2026-11-20.tar.xz.hash.txt",
      "std/x86/gen/2026-11-20/status",
    ])
    #expect(
      listing.entries.map(\.path) == [
        "index.xml", "std/snapshots/c-2026-11-20.tar.xz", "std/snapshots/c-2026-11-20.tar.xz.hash.txt",
        "std/x86/gen/stage3-latest.tar.xz",
      ])
  }

  @Test("a file that is the same there is not sent")
  func settled() {
    let plan = plan(whole, listing(whole), destination)
    #expect(plan.outstanding.isEmpty)
    #expect(plan.deletions.isEmpty)
  }

  @Test("a different size or time is a replacement, a different link target a new link")
  func changes() {
    var remote = listing(whole)
    remote.nodes["std/x86/gen/2026-11-20/stage3.tar.xz"] = .file(size: 10, seconds: 0)
    remote.nodes["std/x86/gen/stage3-latest.tar.xz"] = .link(Array("2026-11-19/stage3.tar.xz".utf8))
    let plan = plan(whole, remote, destination)
    #expect(plan.replaced.map(\.path.name) == ["stage3.tar.xz"])
    #expect(plan.marks.map(\.path.name) == ["stage3-latest.tar.xz"])
    #expect(plan.payload.isEmpty)
  }

  @Test("a link to an unpublished file is not published, nor one to that link")
  func deadLinks() {
    var listing = whole
    listing.entries += [
      entry("std/x86/gen/a", .link(Array("2026-11-20/stage1.tar.xz".utf8)), .link),
      entry("std/x86/gen/b", .link(Array("a".utf8)), .link),
      entry("std/x86/gen/c", .link(Array("stage3-latest.tar.xz".utf8)), .link),
      entry("std/x86/gen/d", .link(Array("2026-11-20".utf8)), .link),
      entry("std/x86/gen/e", .link(Array("../../../../etc".utf8)), .link),
    ]
    let plan = plan(listing, RemoteListing(), destination)
    #expect(
      Set(plan.marks.map(\.path.name.description)) == ["status", "stage3-latest.tar.xz", "c", "d"])
    #expect(Set(plan.leftOut.map(\.path.name.description)) == ["a", "b", "e"])
  }

  private func withOld() -> RemoteListing {
    var remote = listing(whole)
    remote.nodes["std/x86/gen/2026-11-10"] = .directory
    remote.nodes["std/x86/gen/2026-11-10/stage3.tar.xz"] = .file(size: 1, seconds: 1)
    return remote
  }

  @Test("nothing is removed unless requested")
  func keeps() {
    let plan = plan(whole, withOld(), destination)
    #expect(plan.superfluous.isEmpty)
  }

  @Test("files deleted here are deleted there after the grace period, a directory with its last file")
  func grace() {
    let destination = deleting(after: 100)
    let old: MirrorPath = "std/x86/gen/2026-11-10"
    let first = plan(whole, withOld(), destination)
    #expect(first.superfluous == [old: 1_000_000, old.appending("stage3.tar.xz"): 1_000_000])
    #expect(first.deletions.isEmpty)
    #expect(plan(whole, withOld(), destination, grace: first.superfluous, now: 1_000_099).deletions.isEmpty)
    let due = plan(whole, withOld(), destination, grace: first.superfluous, now: 1_000_100)
    #expect(due.deletions == [old, old.appending("stage3.tar.xz")])
    var more = withOld()
    more.nodes[old.appending("late")] = .file(size: 1, seconds: 1)
    let held = plan(whole, more, destination, grace: first.superfluous, now: 1_000_100)
    #expect(held.deletions == [old.appending("stage3.tar.xz")])
    // A clock that was set back, or a lost state, only makes it wait.
    #expect(plan(whole, withOld(), destination, grace: [old: 9_000_000], now: 1_000_100).deletions.isEmpty)
  }

  @Test("only files in subarches and snapshots are ever removed")
  func scope() {
    let destination = deleting()
    var remote = withOld()
    let foreign: [MirrorPath] = [
      "robots.txt", "index.json", "distfiles/a/b/2026-01-01/x", "distfiles/a/b", "std/x86/README",
      "other/snapshots/notes.txt",
      "std/x86/gen/.htaccess", "std/x86/gen/2026-11-10/.hidden", "project/trace/elsewhere",
      "std/x86/gen/2026-11-10/.notes.backup", ".index.html.backup",
    ]
    for path in foreign { remote.nodes[path] = .file(size: 1, seconds: 1) }
    let ours: [MirrorPath] = [
      "std/x86/gen/stage1-latest.tar.xz", "gone/arm/v7/2026-01-01/stage3.tar.xz",
      "gone/arm/v7/2026-01-01/status", "gone/arm/v7/x",
      "std/snapshots/portage-2026-01-01.tar.xz", "std/snapshots/portage-2026-01-01.tar.xz.hash.txt",
      "std/x86/gen/2026-11-20/.~partial~/stage3.tar.xz", "std/x86/gen/2026-11-20/.stage3.tar.xz.aB3dE6",
      "std/x86/gen/2026-11-20/log/.stage3.txt.aB3dE6", "std/x86/gen/2026-11-20/.status.aB3dE6",
      ".index.xml.aB3dE6", "std/snapshots/.index.html.aB3dE6",
    ]
    for path in ours { remote.nodes[path] = .file(size: 1, seconds: 1) }
    let plan = plan(whole, remote, destination)
    for path in foreign { #expect(plan.superfluous[path] == nil, "\(path)") }
    for path in ours { #expect(plan.deletions.contains(path), "\(path)") }
  }

  @Test("files without a record are kept, and reported if they look like a mirror's")
  func unrecorded() {
    var remote = withOld()
    remote.nodes["robots.txt"] = .file(size: 1, seconds: 1)
    let planner = PublishPlanner(destination: deleting(), grace: [:], now: 1_000_000)
    let plan = planner.plan(whole, remote)
    #expect(plan.superfluous.isEmpty)
    #expect(plan.unrecorded == ["std/x86/gen/2026-11-10/stage3.tar.xz"])
    var other = planner
    other.knowledge.record = SentRecord(origin: "here:/mirror")
    #expect(other.plan(whole, remote).superfluous.isEmpty && other.plan(whole, remote).unrecorded.isEmpty)
  }

  private struct Standing: Equatable {
    /// Files to send again.
    var sent: [MirrorPath] = []
    /// Files to compare first.
    var asked: [MirrorPath] = []
  }

  /// The standing of the tarball of `whole`, given information about it and its digests.
  private func standing(
    _ node: ListedNode, sent: SentRecord.File?, sum: UInt8 = 1, compared: [MirrorPath: Bool] = [:]
  ) -> Standing {
    let tarball: MirrorPath = "std/x86/gen/2026-11-20/stage3.tar.xz"
    var remote = listing(whole)
    remote.nodes[tarball] = node
    var planner = PublishPlanner(destination: destination, grace: [:], now: 0)
    var knowledge = self.sent(whole, remote)
    knowledge.record?.files[tarball] = sent
    if sent == nil { knowledge.record?.files[tarball.parent.appending("stage3.tar.xz.hash.txt")] = nil }
    planner.knowledge = knowledge
    planner.knowledge.sums[tarball] = [sum]
    planner.knowledge.compared = compared
    let plan = planner.plan(whole, remote)
    return Standing(sent: plan.replaced.map(\.path), asked: plan.questions.map(\.path))
  }

  @Test("a file that looks the same is judged by the record, or else by comparison")
  func standings() {
    let tarball: MirrorPath = "std/x86/gen/2026-11-20/stage3.tar.xz"
    let digest = tarball.parent.appending("stage3.tar.xz.hash.txt")
    let same = ListedNode.file(size: 10, seconds: 1)
    let sent = SentRecord.File(size: 10, seconds: 1, sha256: [1])
    #expect(standing(same, sent: sent) == Standing())
    #expect(standing(same, sent: sent, sum: 2) == Standing(sent: [tarball]), "replaced since")
    // A file system that rounds times.
    let rounded = ListedNode.file(size: 10, seconds: 0)
    var known = sent
    known.secondsThere = 0
    #expect(standing(rounded, sent: known) == Standing())
    #expect(standing(same, sent: known) == Standing(asked: [tarball]), "its time has changed there")
    #expect(standing(rounded, sent: sent) == Standing(asked: [tarball]))
    #expect(standing(rounded, sent: sent, compared: [tarball: true]) == Standing())
    #expect(standing(rounded, sent: sent, compared: [tarball: false]) == Standing(sent: [tarball]))
    #expect(standing(.file(size: 11, seconds: 1), sent: sent) == Standing(sent: [tarball]), "cut off there")
    // A run that was killed while replacing it.
    var doubtful = sent
    doubtful.isDoubtful = true
    #expect(standing(same, sent: doubtful) == Standing(asked: [tarball]))
    // No record: the digests decide, then the tarball itself.
    #expect(standing(same, sent: nil) == Standing(asked: [digest]))
    #expect(standing(same, sent: nil, compared: [digest: true]) == Standing())
    #expect(standing(same, sent: nil, compared: [digest: false]).asked == [tarball])
    #expect(
      standing(same, sent: nil, compared: [digest: false, tarball: false]).sent.contains(tarball))
    #expect(standing(rounded, sent: nil).sent == [tarball])
  }

  @Test("files of a version here that is not published now are kept there")
  func held() {
    let destination = deleting()
    let listing = local(whole.entries, held: ["std/x86/gen/2026-11-10"])
    #expect(plan(listing, withOld(), destination).superfluous.isEmpty)
  }

  @Test("a partial file is kept while the file is still to be sent")
  func parts() {
    let destination = deleting()
    let folder: MirrorPath = "std/x86/gen/2026-11-20"
    let parts: [MirrorPath] = [
      folder.appending(".~partial~"), folder.appending(".~partial~").appending("stage3.tar.xz"),
      folder.appending(".stage3.tar.xz.aB3dE6"),
    ]
    var remote = RemoteListing(nodes: [parts[0]: .directory])
    for path in parts.dropFirst() { remote.nodes[path] = .file(size: 1, seconds: 1) }
    #expect(plan(whole, remote, destination).superfluous.isEmpty)
    for (path, node) in listing(whole).nodes { remote.nodes[path] = node }
    #expect(Set(plan(whole, remote, destination).deletions) == Set(parts))
  }

  @Test("a mirror that looks empty, or could not be read completely, removes nothing")
  func empty() {
    let destination = deleting()
    var listing = whole
    listing.hasVersions = false
    #expect(plan(listing, withOld(), destination).superfluous.isEmpty)
    listing = whole
    listing.isWhole = false
    #expect(plan(listing, withOld(), destination).superfluous.isEmpty)
  }

  @Test("a master that cleaned an old version does not get it again, except one that it has in part")
  func cleanedThere() {
    var destination = destination
    destination.scope = .own
    let mine = local([
      entry("std/x86/gen/2026-11-10/stage3.tar.xz", .file(size: 1, seconds: 1)),
      entry("std/x86/gen/2026-11-15/stage3.tar.xz", .file(size: 1, seconds: 1)),
      entry("std/x86/gen/2026-11-15/lxd.tar.xz", .file(size: 1, seconds: 1)),
      entry("std/x86/gen/2026-11-20/stage3.tar.xz", .file(size: 1, seconds: 1)),
      entry("std/snapshots/portage-2026-11-10.tar.xz", .file(size: 1, seconds: 1)),
      entry("std/snapshots/portage-2026-11-18.tar.xz", .file(size: 1, seconds: 1)),
      entry("std/snapshots/portage-2026-11-22.tar.xz", .file(size: 1, seconds: 1)),
      entry("std/snapshots/portage-2026-11-22.tar.xz.gpg", .file(size: 1, seconds: 1)),
      entry("std/snapshots/portage-2026-11-23.tar.xz", .file(size: 1, seconds: 1)),
      entry("std/snapshots/portage-2026-11-23.tar.xz.gpg", .file(size: 1, seconds: 1)),
      entry("std/snapshots/portage-2026-11-20.tar.xz", .file(size: 1, seconds: 1)),
      entry("std/snapshots/SHA256SUMS", .file(size: 1, seconds: 1)),
      entry("std/snapshots/portage-latest.tar.xz", .link(Array("portage-2026-11-20.tar.xz".utf8)), .link),
    ])
    let theirs = RemoteListing(nodes: [
      "std/x86/gen/2026-11-15/stage3.tar.xz": .file(size: 1, seconds: 1),
      "std/snapshots/portage-2026-11-18.tar.xz": .file(size: 9, seconds: 9),
      "std/snapshots/portage-2026-11-19.tar.xz": .file(size: 9, seconds: 9),
      "std/snapshots/portage-2026-11-21.tar.xz": .file(size: 9, seconds: 9),
      // Another one, which this server's signature is not of; and the very one, which it is of.
      "std/snapshots/portage-2026-11-22.tar.xz": .file(size: 9, seconds: 9),
      "std/snapshots/portage-2026-11-23.tar.xz": .file(size: 1, seconds: 1),
      "std/snapshots/portage-latest.tar.xz": .link(Array("portage-2026-11-21.tar.xz".utf8)),
    ])
    let plan = plan(mine, theirs, destination)
    #expect(
      plan.payload.map(\.path) == [
        "std/snapshots/portage-2026-11-23.tar.xz.gpg", "std/x86/gen/2026-11-15/lxd.tar.xz",
        "std/x86/gen/2026-11-20/stage3.tar.xz",
      ])
    #expect(plan.replaced.isEmpty)
    #expect(plan.marks.isEmpty)
  }

  @Test(
    "exclusions are kinds of files, and patterns of names or paths",
    arguments: [
      ("stage1", "r/a/s/2026-11-20/stage1-s.tar.xz", true),
      ("stage1", "r/a/s/2026-11-20/stage3-s.tar.xz", false),
      ("stage2", "r/a/s/2026-11-20/stage2-s.tar.xz.hash.txt", true),
      ("uncompressed", "r/a/s/2026-11-20/stage3.tar", true),
      ("uncompressed", "r/a/s/2026-11-20/stage3.tar.hash.txt", true),
      ("uncompressed", "r/a/s/2026-11-20/stage3.tar.xz", false),
      ("marks", "r/a/s/2026-11-20/stage3.tar.cme", true), ("logs", "r/a/s/2026-11-20/log/stage3.txt", true),
      ("logs", "r/a/log/2026-11-20/stage3.txt", false), ("snapshots", "r/snapshots/portage-1.tar.xz", true),
      ("*.json", "r/a/s/2026-11-20/build-info.json", true),
      ("r/*/stage3*", "r/a/s/2026-11-20/stage3.tar", true),
      ("a*b*c", "r/aXbXc", true), ("a*b*c", "r/acb", false), ("lxd-*", "r/a/s/xlxd-1", false),
    ])
  func exclusions(_ rule: String, _ path: String, _ isExcluded: Bool) throws {
    let exclusion = try #require(PublishExclusion(rule))
    #expect(exclusion.matches(MirrorPath(path), .builtIn) == isExcluded)
  }

  @Test("a filter rule matches its path only, whatever the name")
  func patterns() {
    #expect(Rsync.pattern("a/b") == Array("/a/b".utf8))
    #expect(Rsync.pattern(#"a\b"#) == Array(#"/a\b"#.utf8))
    #expect(Rsync.pattern(#"a\b*[c?"#) == Array(#"/a\\b\*\[c\?"#.utf8))
  }

  @Test("an index's downloads are read with entities decoded")
  func references() throws {
    let xml = """
      <?xml version="1.0"?><subarches><subarch name="x"><build id="1" download="/a/b&amp;c&#x41;.tar.xz" \
      bytes="12" sha256="ab" signature="/a/b.gpg" full="yes"/></subarch></subarches>
      """
    let references = try #require(IndexReferences(Array(xml.utf8), at: "index.xml")).references
    #expect(references.map(\.path) == ["a/b&cA.tar.xz", "a/b.gpg"])
    #expect(references.first?.size == 12)
    #expect(references.first?.sha256 == "ab")
    #expect(IndexReferences(Array(xml.utf8.dropLast(3)), at: "index.xml") == nil)
  }
}

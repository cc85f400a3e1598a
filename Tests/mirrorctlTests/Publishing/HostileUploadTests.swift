import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("Hostile uploads")
struct HostileUploadTests {
  private let workspace: Workspace
  private let master: PublishSite
  private let honest = ForgedUpload.version("std/x86/honest/2016-01-01")

  init() throws {
    workspace = try Workspace()
    master = try PublishSite("master", in: workspace)
    try #require(try master.run("upkeep", "--create").status == 0)
    try workspace.shell("rm master/mirror/index.xml")
  }

  /// The mirror without uploads and the files of runs.
  private func mirror() throws -> [String: Tree.Node] {
    try Tree(master.mirror).nodes.filter { !$0.key.hasPrefix(".incoming") && $0.key != ".mirrorctl.lock" }
  }

  @Test(
    "are refused and reported by name, and honest files are still received",
    arguments: HostileUploadCase.subarches + HostileUploadCase.files + HostileUploadCase.snapshots)
  func refused(_ hostile: HostileUploadCase) throws {
    try master.configure(hostile.configuration)
    try workspace.shell("cd master/mirror; \(hostile.preparation)")
    try hostile.upload.adding(honest).write(to: master.mirror)
    let before = try mirror()
    let outcome = try master.run("receive")
    #expect(outcome.status == 3, "\(outcome.text)\(outcome.errorText)")
    for message in hostile.messages {
      #expect(outcome.errorText.contains(message), "\(message)\nis not in\n\(outcome.errorText)")
    }
    let wanted = Set(hostile.received + (hostile.takesHonest ? Array(honest.keys) : []))
    let after = try mirror()
    for (path, node) in before { #expect(after[path] == node, "\(path) has changed") }
    let fresh = Set(after.keys.filter { before[$0] == nil && after[$0] != .directory })
    let claims = fresh.filter { $0.hasSuffix("/.control/server") }
    #expect(claims == (hostile.takesHonest ? ["std/x86/honest/.control/server"] : []))
    #expect(fresh.subtracting(claims) == wanted)
    for path in wanted {
      #expect(after[path] == .file(Array((hostile.upload.files[path] ?? honest[path] ?? "").utf8)), "\(path)")
    }
    // --json reports them too.
    try hostile.upload.adding(honest).write(to: master.mirror)
    let json = try master.run("receive", "--json")
    #expect(json.status == 3 && json.text.contains("\"problem\" : "))
    #expect(try mirror() == after, "a second time changes nothing")
  }

  @Test("problems that only the server can fix are reported once; uploads that the master can allow wait")
  func waiting() throws {
    try workspace.shell("cd master/mirror; \(HostileUploadCase.owned); \(HostileUploadCase.built)")
    let page = "std/x86/gen/2016-01-02/index.html"
    try ForgedUpload(files: HostileUploadCase.next).adding([page: "<p>"]).write(to: master.mirror)
    #expect(try master.run("receive").status == 3)
    #expect(try master.run("receive").errorText == "")
    #expect(try !Tree(master.mirror).nodes.keys.contains { $0.hasPrefix(".incoming/one/std") })
    let again = ForgedUpload.version("std/x86/gen/2016-01-01", "better")
    try ForgedUpload(files: again).write(to: master.mirror)
    for _ in 0..<2 { #expect(try master.run("receive").status == 3) }
    try master.configure("[section receive/one]\nreplace: yes")
    let outcome = try master.run("receive")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    for (path, text) in again { #expect(try mirror()[path] == .file(Array(text.utf8))) }
  }

  @Test("a tarball that cannot be unpacked is received, reported and never offered")
  func damaged() throws {
    try workspace.shell("cd master/mirror; \(HostileUploadCase.owned); \(HostileUploadCase.built)")
    try ForgedUpload(files: HostileUploadCase.next).write(to: master.mirror)
    #expect(try master.run("receive").status == 0)
    let upkeep = try master.run("upkeep", "--keep", "1")
    #expect(upkeep.status == 3)
    #expect(
      upkeep.errorText.contains("\(HostileUploadCase.tarball): its content does not match its name"),
      "\(upkeep.errorText)")
    let index = try String(contentsOfFile: "\(master.mirror)/index.xml", encoding: .utf8)
    #expect(index.contains("2016-01-01") && !index.contains("2016-01-02"), "\(index)")
    #expect(try mirror()["std/x86/gen/2016-01-01/stage3-gen-std-2016-01-01.tar.xz"] != nil)
  }

  @Test("an administrator can transfer a subarch in the configuration or in its control file")
  func handOver() throws {
    try workspace.shell("cd master/mirror; \(HostileUploadCase.built)")
    try ForgedUpload(files: HostileUploadCase.next).write(to: master.mirror)
    #expect(try master.run("receive").status == 3)
    try master.configure("[section receive/one]\nsubarches: std/*/gen")
    #expect(try master.run("receive").status == 0)
    #expect(try mirror()["std/x86/gen/.control/server"] == .file(Array("one\n".utf8)))
    try workspace.shell(
      """
      cd master/mirror/std/x86; mkdir -p local/.control/strategy; echo local > local/.control/strategy/build
      echo one > local/.control/server
      """)
    try master.configure("")
    try ForgedUpload(files: ForgedUpload.version("std/x86/local/2016-01-02")).write(to: master.mirror)
    let outcome = try master.run("receive")
    #expect(outcome.status == 0, "\(outcome.errorText)")
  }

  @Test(
    "all kinds of honest files are received silently: digests, links, records, a snapshot; also twice")
  func honestUpload() throws {
    let (path, tarball) = ("std/x86/gen/2016-01-02", HostileUploadCase.tarball)
    let stage = try ForgedUpload.sha256("stage")
    let sums = "\(stage)  stage3-gen-std-2016-01-02.tar.xz\n"
    let tree = try ForgedUpload.sha256("tree")
    let snapshot = "std/snapshots/portage-2016-01-02.tar.xz"
    let upload = ForgedUpload(
      files: ForgedUpload.version(path).merging([
        "\(tarball).hash.txt": "sha256 \(stage)\n", "\(tarball).DIGESTS": "# SHA256 HASH\n\(sums)",
        "\(tarball).contents.gz": "gz",
        "\(path)/SHA256SUMS": sums + "\(tree)  stage1-gen-std-2016-01-02.tar.xz\n",
        "\(path)/build-info.json": "{}", "\(path)/log/errors.json": "{}",
        "\(path)/std-gen-openvz-2016-01-02.tar.xz": "openvz", snapshot: "tree",
        "\(snapshot).hash.txt": "sha256 \(tree)\n",
      ]) { $1 },
      links: [
        "std/x86/gen/stage3-latest.tar.xz": "2016-01-02/stage3-gen-std-2016-01-02.tar.xz",
        "std/x86/gen/stage3-latest.tar.xz.hash.txt": "2016-01-02/stage3-gen-std-2016-01-02.tar.xz.hash.txt",
        "std/x86/gen/std-openvz-latest.tar.xz": "2016-01-02/std-gen-openvz-2016-01-02.tar.xz",
        "std/snapshots/portage-latest.tar.xz": "portage-2016-01-02.tar.xz",
      ],
      control: [
        "std/x86/gen/.control/version/stage3": "2016-01-02\n",
        "std/x86/gen/.control/version/stage4/openvz": "2016-01-02\n",
        "std/x86/gen/.control/.failcount": "2\n",
      ])
    for _ in 0..<2 {
      try upload.write(to: master.mirror)
      let outcome = try master.run("receive")
      #expect(outcome.status == 0 && outcome.errorText == "", "\(outcome.errorText)")
    }
    let there = try mirror()
    for (path, text) in upload.files.merging(upload.control, uniquingKeysWith: { $1 }) {
      #expect(there[path] == .file(Array(text.utf8)), "\(path)")
    }
    for (path, target) in upload.links { #expect(there[path] == .link(target), "\(path)") }
  }

  @Test("a signature is kept only if it is by the key pinned for the server")
  func signatures() throws {
    let (key, _) = (
      try SignedMirror.make(.good, home: "g", in: workspace),
      try SignedMirror.make(.good, home: "h", in: workspace)
    )
    defer {
      for home in ["g", "h"] {
        _ = try? workspace.shell("gpgconf --homedir '\(workspace.path)/\(home)' --kill all")
      }
    }
    let tarball = HostileUploadCase.tarball
    func upload(_ home: String, of text: String = "stage") throws {
      try workspace.shell(
        """
        printf '\(text)' > signed; rm -f signed.asc
        gpg --batch --quiet --no-tty --homedir \(home) --armor --detach-sign signed
        """)
      let signature = try String(contentsOfFile: "\(workspace.path)/signed.asc", encoding: .utf8)
      try ForgedUpload(files: HostileUploadCase.next).adding(["\(tarball).asc": signature]).write(
        to: master.mirror)
    }
    for settings in ["[section signing]", "[section receive/one]"] {
      try master.configure("\(settings)\nkey: \(key)\nhomedir: \(workspace.path)/g")
      try upload("h")
      let other = try master.run("receive")
      #expect(other.status == 3 && other.errorText.contains("was made by another key"), "\(other.errorText)")
      try upload("g", of: "else")
      let bad = try master.run("receive")
      #expect(bad.status == 3 && bad.errorText.contains(".asc: does not match the file"), "\(bad.errorText)")
      #expect(try mirror()["\(tarball).asc"] == nil && mirror()[tarball] != nil)
      try upload("g")
      let good = try master.run("receive")
      #expect(good.status == 0, "\(good.errorText)")
      #expect(try mirror()["\(tarball).asc"] != nil)
      try workspace.shell("rm 'master/mirror/\(tarball).asc'")
    }
  }
}

import Foundation
import SystemPackage
import TestSupport
import Testing

/// Files of a release in each format, as the usual programs make them.
private enum ReleaseFiles {
  static let suffixes = [
    "tar.xz", "squashfs", "erofs", "qcow2", "raw.xz", "img.zst", "iso", "vhd", "vmdk", "wsl", "oci.tar",
    "gpkg.tar",
  ]

  /// `raw.xz` and `img.zst` are the same disk in two compressions: one of them is offered.
  static let offered = suffixes.filter { $0 != "raw.xz" }

  static let subarch = "std/x86-64bit/gen"

  static func name(_ day: String, _ suffix: String) -> String {
    "\(subarch)/\(day)/stage3-gen-std-\(day).\(suffix)"
  }

  /// Makes a version with one file of each format, and a split image for LXD.
  static func make(_ day: String, in mirror: FilePath, _ workspace: Workspace) throws {
    try workspace.shell(
      """
      rm -rf tree disk; mkdir tree; head -c 200000 /dev/urandom > tree/a; seq 9000 > tree/b
      head -c 300000 /dev/urandom > disk; truncate -s 3M disk
      mkdir -p '\(mirror)/\(subarch)/\(day)/log'; f='\(mirror)/\(subarch)/\(day)/stage3-gen-std-\(day)'
      tar cJf "$f.tar.xz" tree; tar c tree | tar2sqfs -q "$f.squashfs"; mkfs.erofs "$f.erofs" tree
      qemu-img convert -O qcow2 disk "$f.qcow2"; qemu-img convert -O vmdk disk "$f.vmdk"
      qemu-img convert -O vpc disk "$f.vhd"; xz -1c disk > "$f.raw.xz"; zstd -qc disk > "$f.img.zst"
      xorriso -as mkisofs -quiet -o "$f.iso" tree
      tar czf "$f.wsl" tree; tar cf "$f.oci.tar" tree; tar cf "$f.gpkg.tar" tree
      cd '\(mirror)/\(subarch)/\(day)'
      for s in tar.xz squashfs qcow2; do cp "$f.$s" lxd-gen-std-\(day).$s; done
      printf log > log/stage3.txt; printf ok > status
      """)
  }
}

@Suite(
  "Every kind of release file",
  .enabled(if: ["rsync", "qemu-img", "mkfs.erofs", "xorriso", "tar2sqfs"].allSatisfy(Tool.exists)))
struct ArtifactTests {
  private let workspace: Workspace
  private let site: PublishSite
  private let master: PublishSite
  private let old = "2016-01-01"
  private let new = "2016-01-08"

  init() throws {
    workspace = try Workspace()
    (site, master) = (try PublishSite("one", in: workspace), try PublishSite("master", in: workspace))
    for day in [old, new] { try ReleaseFiles.make(day, in: site.mirror, workspace) }
  }

  private func text(_ path: String, _ site: PublishSite) throws -> String {
    try String(contentsOfFile: "\(site.mirror)/\(path)", encoding: .utf8)
  }

  private func expect(_ verb: [String], at site: PublishSite, status: Int32 = 0) throws -> Outcome {
    let outcome = try workspace.run(site.command(verb))
    #expect(outcome.status == status, "\(verb): \(outcome.text)\(outcome.errorText)")
    return outcome
  }

  @Test("is digested, signed, verified, indexed, cleaned, published and received like a tarball")
  func everyVerb() throws {
    let key = try SignedMirror.make(.good, home: "g", in: workspace)
    defer { _ = try? workspace.run(["gpgconf", "--homedir", "\(workspace.path)/g", "--kill", "all"]) }
    let signing = "[section signing]\nkey: \(key)\nhomedir: \(workspace.path)/g\n"
    try site.configure(
      """
      \(signing)
      [section index]
      os: Funtoo
      urls: https://one.example/m
      [section publish/web]
      to: \(workspace.path)/web
      [section publish/master]
      to: \(master.mirror)
      what: own
      receive: upkeep
      as: one
      """)
    try master.configure(signing)
    try workspace.shell("mkdir web")
    _ = try expect(["upkeep", "--create"], at: master)

    _ = try expect(["digestgen", "--format", "sums,digests"], at: site)
    let files = ReleaseFiles.suffixes.map { ReleaseFiles.name(new, $0) }
    for file in files {
      for suffix in ["", ".hash.txt", ".DIGESTS", ".gpg"] {
        #expect(FileManager.default.fileExists(atPath: "\(site.mirror)/\(file)\(suffix)"), "\(file)\(suffix)")
      }
    }
    #expect(
      try workspace.shell("cd one/mirror/\(ReleaseFiles.subarch)/\(new); sha256sum --quiet -c SHA256SUMS")
        .text
        .isEmpty)
    let verified = try expect(["verify", "--check"], at: site).text
    #expect(verified.contains("30 ok"), "\(verified)")

    _ = try expect(["index", "--format", "xml,json,html,metalink,latest,simplestreams"], at: site)
    let (xml, json) = (try text("index.xml", site), try text("index.json", site))
    let page = try text("\(ReleaseFiles.subarch)/index.html", site)
    let latest = try text("\(ReleaseFiles.subarch)/latest.txt", site)
    for suffix in ReleaseFiles.offered {
      let file = ReleaseFiles.name(new, suffix)
      #expect(xml.contains("format=\"\(suffix)\"") && xml.contains("download=\"/\(file)\""), "\(suffix)")
      #expect(json.contains("\"format\" : \"\(suffix)\""), "\(suffix)")
      #expect(page.contains(suffix == "tar.xz" ? "stage3<" : "stage3 (\(suffix))"), "\(suffix)")
      #expect(latest.contains("\(new)/stage3-gen-std-\(new).\(suffix) "), "\(suffix)")
      #expect(FileManager.default.fileExists(atPath: "\(site.mirror)/\(file).meta4"), "\(suffix)")
    }
    #expect(!xml.contains("raw.xz"), "of two compressions of one disk only one is offered")
    // The first line is still that of the tarball.
    #expect(latest.split(separator: "\n")[3].hasPrefix("\(new)/stage3-gen-std-\(new).tar.xz "))
    try expectSplitImage()
    let status = try expect(["status", "--json"], at: site).text
    #expect(status.contains("\"format\" : \"qcow2\"") && status.contains("\"digestsMissing\" : 0"))

    let cleaned = try expect(["clean", "--keep", "1", "--apply"], at: site).text
    #expect(cleaned.contains("removed") && cleaned.contains(old))
    _ = try expect(["publish"], at: site)
    let received = try expect(["receive"], at: master).text
    #expect(received.contains("one: "), "\(received)")
    for file in files + files.map({ "\($0).gpg" }) {
      for place in ["web", "master/mirror"] {
        #expect(
          FileManager.default.contents(atPath: "\(workspace.path)/\(place)/\(file)")
            == FileManager.default.contents(atPath: "\(site.mirror)/\(file)"), "\(place)/\(file)")
      }
    }
    #expect(Downloader(root: workspace.path.appending("web")).faults() == [])
    #expect(try expect(["verify"], at: master).text.contains("15 ok"))
  }

  /// The image streams list metadata, root and disk, and their combined digests, as clients compute them.
  private func expectSplitImage() throws {
    let data = Data(try text("streams/v1/images.json", site).utf8)
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let products = try #require(object["products"] as? [String: [String: Any]])
    let versions = try #require(
      products["std:x86-64bit:gen"]?["versions"] as? [String: [String: [String: [String: Any]]]])
    let items = try #require(versions["20160108"]?["items"])
    #expect(items.keys.sorted() == ["disk.qcow2", "incus.tar.xz", "lxd.tar.xz", "root.squashfs"])
    #expect(items["disk.qcow2"]?["ftype"] as? String == "disk-kvm.img")
    #expect(items["root.squashfs"]?["ftype"] as? String == "squashfs")
    let sums = ["combined_squashfs_sha256": "squashfs", "combined_disk-kvm-img_sha256": "qcow2"]
    for (key, suffix) in sums {
      let sum = try workspace.shell(
        "cd one/mirror/\(ReleaseFiles.subarch)/\(new); cat lxd-*.tar.xz lxd-*.\(suffix) | sha256sum")
      #expect(items["lxd.tar.xz"]?[key] as? String == String(sum.text.prefix(64)), "\(key)")
    }
  }

  @Test(
    "that is cut off is not offered, replaces nothing and is not sent",
    arguments: ["qcow2", "vmdk", "vhd", "iso", "erofs", "squashfs", "oci.tar", "gpkg.tar"])
  func cutOff(_ suffix: String) throws {
    let file = ReleaseFiles.name(new, suffix)
    try workspace.shell(
      """
      cd one/mirror; find . -name 'lxd-*' -delete
      find . -name 'stage3-*' ! -name '*.\(suffix)' -delete
      truncate -s $(($(stat -c %s '\(file)') * 6 / 10)) '\(file)'
      """)
    let digested = try expect(["digestgen", "--quiet"], at: site, status: 3)
    #expect(digested.errorText.contains("\(file): is truncated or damaged"), "\(digested.errorText)")
    _ = try expect(["index"], at: site, status: 3)
    let index = try text("index.xml", site)
    #expect(index.contains(ReleaseFiles.name(old, suffix)) && !index.contains(file))
    _ = try expect(["clean", "--keep", "1", "--apply"], at: site)
    #expect(FileManager.default.fileExists(atPath: "\(site.mirror)/\(ReleaseFiles.name(old, suffix))"))
  }
}

@Suite("Files of no known kind")
struct UnclaimedTests {
  private let mirror: DatedMirror
  private var workspace: Workspace { mirror.workspace }

  init() throws { mirror = try DatedMirror() }

  private func configure(_ text: String) throws {
    try Data("\(text)\n".utf8).write(to: URL(fileURLWithPath: "\(workspace.path)/.metro"))
  }

  private func reports(_ verb: String...) throws -> [String] {
    let outcome = try workspace.run(workspace.command(verb))
    #expect(outcome.status == 0, "\(verb): \(outcome.errorText)")
    return outcome.errorText.matches(of: /([^\/]+): is not a kind of file/).map { String($0.1) }
  }

  @Test("are reported once by digestgen and upkeep, and always by status; artifacts/kinds claims them")
  func unclaimed() throws {
    let day = try mirror.version(1)
    let version = "mirror/\(DatedMirror.subarch)/\(day)"
    let box = "stage3-gen-std-\(day).box"
    try workspace.shell("echo box > \(version)/\(box); echo notes > \(version)/notes.md")
    for _ in 1...2 { #expect(try reports("status") == ["notes.md", box]) }
    #expect(try reports("digestgen", "--dry-run") == [])
    #expect(try reports("digestgen") == ["notes.md", box])
    #expect(try reports("digestgen") == [] && reports("upkeep", "--keep", "5") == [])
    let status = try workspace.mirrorctl("status", "--json").text
    #expect(status.contains("\(DatedMirror.subarch)/\(day)/notes.md"))

    try configure("[section artifacts]\nkinds: .box .ova")
    #expect(try reports("status") == ["notes.md"])
    #expect(try reports("upkeep", "--keep", "5") == [])
    #expect(mirror.exists("\(DatedMirror.subarch)/\(day)/\(box).hash.txt"))
    #expect(mirror.text("index.xml").contains("variant=\"stage3\" format=\"box\""))
    // A file that comes back is reported again.
    try workspace.shell("mv \(version)/notes.md .")
    #expect(try reports("digestgen") == [])
    try workspace.shell("mv notes.md \(version)/")
    #expect(try reports("digestgen") == ["notes.md"])
  }

  @Test(
    "suffixes with another meaning, or that are none, are refused",
    arguments: [".txt", ".hash.txt", ".gz", "box", ".", ".a/b", ".gpg", ".x.json"])
  func refused(_ suffix: String) throws {
    try mirror.version(1)
    try configure("[section artifacts]\nkinds: \(suffix)")
    let outcome = try workspace.mirrorctl("status")
    #expect(outcome.status != 0)
    #expect(outcome.errorText.contains("artifacts/kinds: `\(suffix)` is"), "\(outcome.errorText)")
  }
}

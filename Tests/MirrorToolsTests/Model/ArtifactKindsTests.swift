import LinuxSystem
import MirrorModel
import TestSupport
import Testing

@Suite("The table of formats of release files")
struct ArtifactKindsTests {
  @Test(
    "a name has the format of its longest suffix",
    arguments: [
      ("stage3-a.tar.xz", "tar.xz"), ("stage3-a.tar.zst", "tar.zst"), ("stage3-a.tar", "tar"),
      ("a.squashfs", "squashfs"), ("a.erofs", "erofs"), ("a.qcow2", "qcow2"), ("a.raw", "raw"),
      ("a.raw.xz", "raw.xz"), ("a.img.zst", "img.zst"), ("a.img", "img"), ("a.iso", "iso"), ("a.vhd", "vhd"),
      ("a.vmdk", "vmdk"), ("a.wsl", "wsl"), ("a.oci.tar", "oci.tar"), ("a.oci.tar.xz", "oci.tar.xz"),
      ("a.ociarchive", "ociarchive"), ("bash-5.2-1.gpkg.tar", "gpkg.tar"),
      // Neither a suffix alone, nor a hidden file, nor something similar.
      (".tar.xz", nil), ("tar.xz", nil), (".hidden.iso", nil), ("a.iso.part", nil), ("aiso", nil),
      ("a.ISO", nil),
      ("a.xz", nil), ("status", nil), ("a.tar.lz", nil), ("a.qcow2.hash.txt", nil),
    ] as [(FileName, String?)])
  func formats(name: FileName, expected: String?) {
    #expect(ArtifactKinds.builtIn.format(of: name)?.name == expected)
  }

  @Test("only a plain .tar is not released, and only tarballs can be unpacked as stages")
  func released() {
    let formats = ArtifactKinds.builtIn.formats
    #expect(formats.filter { !$0.isReleased }.map(\.suffix) == [".tar"])
    #expect(
      formats.filter(\.isTarball).map(\.suffix) == [".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst"])
    #expect(Set(formats.map(\.suffix)).count == formats.count)
  }

  @Test("the configuration adds suffixes, and what the table has is kept")
  func additions() {
    let kinds = ArtifactKinds([".box", ".tar.lz", ".box", ".iso"])
    #expect(kinds.format(of: "a.box")?.name == "box")
    #expect(kinds.format(of: "a.tar.lz")?.isReleased == true)
    #expect(kinds.format(of: "a.tar.lz")?.isTarball == false)
    #expect(kinds.format(of: "a.iso")?.content == .iso)
    #expect(kinds.formats.count == ArtifactKinds.builtIn.formats.count + 2)
    #expect(SidecarKind.parse("a.box.hash.txt", kinds)?.tarball == "a.box")
    #expect(SidecarKind.parse("a.box.hash.txt", .builtIn) == nil)
  }

  @Test("one file per variant and format is offered; of several compressions the first")
  func offers() throws {
    let path = "std/x86/gen/2026-11-17"
    let names = [
      "stage3-gen-std-2026-11-17.tar.xz", "stage3-gen-std-2026-11-17.tar.zst",
      "stage3-gen-std-2026-11-17.qcow2", "stage3-gen-std-2026-11-17.img", "stage3-gen-std-2026-11-17.img.xz",
      "gnome-stage3-gen-std-2026-11-17.iso", "stage1-gen-std-2026-11-17.squashfs", "other.vmdk",
    ]
    let disk = try TestMirror().file("\(path)/status", "ok")
    for name in names { try disk.file("\(path)/\(name)", "content of \(name)") }
    let subarch = try #require(try disk.scan().subarches.first)
    let version = try #require(subarch.versions.first)
    let offers = version.offers(of: subarch).map { "\($0.variant) \($0.tarball.format.name)" }
    #expect(offers == ["gnome iso", "other vmdk", "stage3 tar.xz", "stage3 img.xz", "stage3 qcow2"])
    #expect(version.isComplete)
  }

  @Test("files of a version that are of no kind are found, and nothing else is")
  func unclaimed() throws {
    let path = "std/x86/gen/2026-11-17"
    let disk = try TestMirror().version(path)
    let stage = "\(path)/stage3-gen-std-2026-11-17.tar.xz"
    for name in [
      "\(path)/notes.md", "\(path)/sub/odd.bin", "\(path)/stage3.ova", "\(path)/log/build.bin",
      "\(path)/failed",
      "\(path)/build-info.json", "\(path)/.hidden", "\(stage).hash.txt", "\(stage).hash.txt.asc",
      "\(path)/SHA256SUMS", "\(path)/SHA256SUMS.gpg", "\(path)/gone.iso.DIGESTS", "std/x86/gen/README",
    ] { try disk.file(name, "{}") }
    #expect(
      try disk.scan().unclaimedFiles == [
        MirrorPath("\(path)/notes.md"), MirrorPath("\(path)/stage3.ova"), MirrorPath("\(path)/sub/odd.bin"),
      ])
  }
}

import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("index --format metalink")
struct MetalinkTests {
  private let mirror: OfferedMirror
  private var workspace: Workspace { mirror.workspace }
  private let metalink = OfferedMirror.stage3 + ".meta4"

  init() throws { mirror = try OfferedMirror() }

  private func xpath(_ expression: String, of path: String) throws -> String {
    try workspace.shell("xmllint --xpath \"\(expression)\" 'mirror/\(path)'").text
  }

  @Test("writes one for each compressed tarball of every complete version whose digest is known")
  func which() throws {
    try workspace.shell(
      """
      cd mirror/\(OfferedMirror.subarch); mkdir 2016-11-20; echo x | xz > 2016-11-20/stage3-gen-std-2016-11-20.tar.xz
      echo x > 2016-11-17/openvz-gen-std-2016-11-17.tar
      """)
    try #require(try workspace.mirrorctl("digestgen").status == 0)
    try workspace.shell("cd mirror/\(OfferedMirror.new); echo x | xz > odd-gen-std-2016-11-17.tar.xz")
    let outcome = try workspace.mirrorctl("index", "--format", "metalink")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(outcome.text == "9 files written, 1 subarch\n")
    let expected = ["2016-11-03", "2016-11-17"].flatMap { day in
      ["gnome-stage3", "lxc", "lxd", "stage3"].map {
        "\(OfferedMirror.subarch)/\(day)/\($0)-gen-std-\(day).tar.xz.meta4"
      }
    }
    #expect(try mirror.names("*.meta4") == expected + ["\(OfferedMirror.subarch)/stage3-latest.tar.xz.meta4"])
    #expect(try mirror.names("index.*") == [])
  }

  @Test("describes the tarball and its addresses, and is the same in every run")
  func content() throws {
    try mirror.publish()
    let (sha256, size) = (try mirror.sha256(OfferedMirror.stage3), try mirror.size(OfferedMirror.stage3))
    #expect(
      try mirror.text(metalink) == """
        <?xml version="1.0" encoding="UTF-8"?>
        <metalink xmlns="urn:ietf:params:xml:ns:metalink">
          <generator>mirrorctl</generator>
          <published>2016-11-17T10:00:00Z</published>
          <file name="stage3-gen-std-2016-11-17.tar.xz">
            <size>\(size)</size>
            <hash type="sha-256">\(sha256)</hash>
            <pieces length="1048576" type="sha-256">
              <hash>\(sha256)</hash>
            </pieces>
            <url priority="1">https://one.example/m/\(OfferedMirror.stage3)</url>
            <url priority="2">http://two.example/\(OfferedMirror.stage3)</url>
          </file>
        </metalink>

        """)
    let before = try workspace.shell("ls -li mirror mirror/streams/v1 mirror/\(OfferedMirror.new)").text
    let again = try workspace.mirrorctl("index")
    #expect(again.status == 0)
    #expect(again.text == "")
    #expect(try workspace.shell("ls -li mirror mirror/streams/v1 mirror/\(OfferedMirror.new)").text == before)
  }

  @Test("is updated for a new address without reading the tarball: the old metalink contains the pieces")
  func unread() throws {
    try mirror.publish()
    // Corruption that only reading would find.
    let rot = "printf X | dd of=mirror/\(OfferedMirror.stage3) bs=1 seek=30 conv=notrunc status=none"
    try workspace.shell("\(rot); touch -d '2016-11-17 10:00 UTC' mirror/\(OfferedMirror.stage3)")
    try mirror.configure("[section index]\nurls: https://three.example\n")
    let moved = try workspace.mirrorctl("index")
    #expect(moved.status == 0, "\(moved.errorText)")
    #expect(try mirror.text(metalink).contains("https://three.example/\(OfferedMirror.stage3)<"))
    // A metalink that must be made again does read it.
    try workspace.shell("rm mirror/\(metalink)")
    let read = try workspace.mirrorctl("index")
    #expect(read.status == 4)
    #expect(read.errorText.contains("/\(OfferedMirror.stage3): content does not match its digests"))
    #expect(try mirror.names("stage3-gen-std-2016-11-17*.meta4") == [])
  }

  @Test("is deleted if its tarball is replaced, and written again once the new one is digested")
  func replaced() throws {
    try mirror.publish()
    try workspace.shell("printf longer | xz > mirror/\(OfferedMirror.stage3)")
    let stale = try workspace.mirrorctl("index")
    #expect(stale.status == 0, "\(stale.errorText)")
    #expect(try mirror.names("stage3*2016-11-17*.meta4") == [])
    #expect(try mirror.names("stage3-latest*.meta4") == [])
    try mirror.publish()
    #expect(
      try xpath("string(//*[local-name()='size'])", of: metalink) == "\(mirror.size(OfferedMirror.stage3))\n")
    #expect(try mirror.names("stage3-latest*.meta4").count == 1)
    // Deleted with its tarball, by the first verb that runs.
    try workspace.shell("rm mirror/\(OfferedMirror.stage3)")
    #expect(try workspace.mirrorctl("digestgen").status == 0)
    #expect(try mirror.names("stage3*2016-11-17*") == [])
    // Links to sidecars are deleted after the sidecars.
    #expect(try workspace.mirrorctl("digestgen").status == 0)
    #expect(try mirror.names("stage3-latest*") == [])
  }

  @Test("gets a link for each link to the tarball, and is checked by verify")
  func company() throws {
    try mirror.publish()
    let link = "\(OfferedMirror.subarch)/stage3-latest.tar.xz.meta4"
    #expect(
      try workspace.shell("readlink mirror/\(link)").text
        == "2016-11-17/stage3-gen-std-2016-11-17.tar.xz.meta4\n"
    )
    #expect(try workspace.mirrorctl("digestgen").text == "")
    let verified = try workspace.mirrorctl("verify")
    #expect(verified.status == 0, "\(verified.text)\(verified.errorText)")
    // The link changes to the older version, and so does the metalink's link.
    try workspace.shell(
      "ln -sfn 2016-11-03/stage3-gen-std-2016-11-03.tar.xz mirror/\(OfferedMirror.subarch)/stage3-latest.tar.xz"
    )
    #expect(try workspace.mirrorctl("index").status == 0)
    #expect(
      try workspace.shell("readlink mirror/\(link)").text
        == "2016-11-03/stage3-gen-std-2016-11-03.tar.xz.meta4\n"
    )
    try workspace.shell("sed -i 's|<size>[0-9]*<|<size>21<|' mirror/\(metalink)")
    let doubted = try workspace.mirrorctl("verify", "--quiet")
    #expect(doubted.status == 3)
    #expect(doubted.text.contains("stage3-gen-std-2016-11-17.tar.xz.meta4 does not match"), "\(doubted.text)")
    #expect(try workspace.mirrorctl("index").status == 0)
    #expect(try workspace.mirrorctl("verify").status == 0)
  }

  @Test("is not written without an address, which is reported; other formats are written")
  func homeless() throws {
    try mirror.publish()
    try mirror.configure("[section index]\nformats: metalink xml json latest\n")
    let before = try mirror.text(metalink)
    try workspace.shell(
      "rm mirror/\(OfferedMirror.old)/lxd*.meta4 mirror/index.xml mirror/\(OfferedMirror.subarch)/latest.txt")
    let outcome = try workspace.mirrorctl("index")
    #expect(outcome.status == 3)
    #expect(outcome.errorText.hasPrefix("mirrorctl: index/urls: no metalinks are written, "))
    #expect(try mirror.names("index.xml").count + mirror.names("latest.txt").count == 2)
    // Existing correct metalinks are kept.
    #expect(try mirror.text(metalink) == before)
    #expect(try mirror.names("lxd*.meta4") == ["\(OfferedMirror.new)/lxd-gen-std-2016-11-17.tar.xz.meta4"])
  }

  @Test("an address of [section publish/NAME] is used; an invalid one is refused")
  func publishAddress() throws {
    try mirror.configure("[section index]\nurls: http://\n")
    let refused = try workspace.mirrorctl("index")
    #expect(refused.status == 1)
    #expect(refused.errorText.contains("index/urls: `http://` is not a URL"), "\(refused.errorText)")
  }

  @Test("does not change metalinks of other programs, nor write ours because of them")
  func foreign() throws {
    try #require(try workspace.mirrorctl("digestgen").status == 0)
    try workspace.shell(
      "echo '<metalink/>' > mirror/\(metalink); echo '<metalink/>' > mirror/\(OfferedMirror.new)/stage1-gen-std-2016-11-17.tar.xz.meta4"
    )
    #expect(try workspace.mirrorctl("index").status == 0)
    #expect(try mirror.names("*.meta4").count == 2)
    #expect(try mirror.text(metalink) == "<metalink/>\n")
    // If requested, ours replaces the one beside an offered tarball.
    #expect(try workspace.mirrorctl("index", "--format", "metalink").status == 0)
    #expect(try mirror.text(metalink).contains("<generator>mirrorctl</generator>"))
    #expect(try mirror.text("\(OfferedMirror.new)/stage1-gen-std-2016-11-17.tar.xz.meta4") == "<metalink/>\n")
  }

  @Test(
    "contains the armored signature of the tarball, which gpgv accepts", .enabled(if: Tool.exists("gpgv")))
  func signature() throws {
    try workspace.shell(
      """
      mkdir -m 700 gpg; export GNUPGHOME="$PWD/gpg"
      gpg --batch -q --passphrase '' --quick-gen-key nobody@mirror.example ed25519 sign never
      gpg --batch -q --armor --detach-sign 'mirror/\(OfferedMirror.stage3)'
      gpg --batch -q --export > keys.gpg; gpgconf --kill all
      """)
    try mirror.publish()
    try workspace.shell(
      """
      xmllint --xpath "string(//*[local-name()='signature'])" 'mirror/\(metalink)' > sent.asc
      gpgv -q --keyring ./keys.gpg sent.asc 'mirror/\(OfferedMirror.stage3)'
      """)
    // A signature older than the tarball is of an earlier one.
    try workspace.shell("touch -d '2016-11-17 09:00 UTC' 'mirror/\(OfferedMirror.stage3).asc'")
    #expect(try workspace.mirrorctl("index").status == 0)
    #expect(try xpath("count(//*[local-name()='signature'])", of: metalink) == "0\n")
  }

  @Test("is not made for versions about to be cleaned, and is deleted with them")
  func cleaned() throws {
    try mirror.publish()
    let outcome = try workspace.mirrorctl("clean", "--apply", "--keep", "1")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(try mirror.names("*2016-11-03*") == [])
    #expect(try mirror.names("*.meta4").count == 5)
  }
}

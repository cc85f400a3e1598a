import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("digestgen with a key") struct SigningTests {
  private typealias Mirror = SignedMirror

  @Test("signs every tarball in the requested formats, verified by gpgv; a second run does nothing")
  func wholeFlow() throws {
    let mirror = try Mirror(.good, "formats: gpg asc")
    let first = try mirror.run("digestgen")
    #expect(first.status == 0, "\(first.errorText)")
    for tarball in Mirror.tarballs {
      for suffix in [".gpg", ".asc"] {
        #expect(try mirror.isSigned(tarball, suffix))
        #expect(first.text.contains("signed \(mirror.workspace.mirror)/\(tarball)\(suffix)\n"))
      }
    }
    #expect(
      String(decoding: mirror.content("\(Mirror.stage3).asc") ?? Data(), as: UTF8.self)
        .hasPrefix("-----BEGIN PGP SIGNATURE-----"))
    #expect(try mirror.isSigned(Mirror.link))
    #expect(try mirror.signatures().count == 8)
    let tree = try Tree(mirror.workspace.mirror)
    let second = try mirror.run("digestgen")
    #expect(second.status == 0 && second.output == [] && second.errors == [])
    #expect(try Tree(mirror.workspace.mirror).differences(from: tree) == [])
  }

  @Test("signs nothing if no key is configured")
  func noKey() throws {
    let mirror = try Mirror()
    try mirror.write("[section signing]\nformats: asc")
    #expect(try mirror.run("digestgen").status == 0)
    #expect(try mirror.signatures() == [])
  }

  @Test("a dry run prints what would be signed, and why")
  func dryRun() throws {
    let mirror = try Mirror()
    let text = try mirror.run("digestgen", "--dry-run").text
    #expect(text.contains("would sign \(mirror.workspace.mirror)/\(Mirror.stage3) (gpg, new)\n"))
    #expect(text.contains("would link \(mirror.workspace.mirror)/\(Mirror.link).gpg\n"))
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(try mirror.run("digestgen", "-d", "--json").output))
        as? [String: Any])
    let plan = try #require(json["plan"] as? [String: Any])
    let signatures = try #require(plan["signatures"] as? [[String: String]])
    #expect(signatures.map { $0["path"] } == Mirror.tarballs.map(Optional.some))
    #expect(signatures.allSatisfy { $0["format"] == "gpg" && $0["reason"] == "new" })
    #expect(try mirror.signatures() == [])
  }

  @Test("a changed tarball is signed again, and so is one written to after it was signed")
  func changed() throws {
    let mirror = try Mirror()
    try #require(try mirror.run("digestgen").status == 0)
    try mirror.workspace.shell(
      "echo other | xz > mirror/\(Mirror.stage3); touch mirror/\(Mirror.stage1); touch -d 2016-12-01 mirror/*/*/*/*/*.gpg"
    )
    let plan = try mirror.run("digestgen", "--dry-run").text
    #expect(plan.contains("would sign \(mirror.workspace.mirror)/\(Mirror.stage3) (gpg, older)\n"))
    let again = try mirror.run("digestgen")
    #expect(again.status == 0)
    #expect(again.text.contains("signed \(mirror.workspace.mirror)/\(Mirror.stage3).gpg\n"))
    #expect(!again.text.contains("removed"))
    #expect(try mirror.isSigned(Mirror.stage3))
    #expect(try mirror.isSigned(Mirror.stage1))
    #expect(
      try mirror.workspace.shell("find mirror -name '*.tar.xz.gpg' ! -newermt 2017-01-01 | wc -l").text
        == "0\n"
    )
  }

  @Test("a tarball replaced by one with an older date is signed again")
  func replacedByOlder() throws {
    let mirror = try Mirror()
    try #require(try mirror.run("digestgen").status == 0)
    try mirror.workspace.shell(
      "echo other | xz > mirror/new; touch -d 2015-01-01 mirror/new; mv mirror/new mirror/\(Mirror.stage3)")
    #expect(try !mirror.isSigned(Mirror.stage3))
    let plan = try mirror.run("digestgen", "--dry-run").text
    #expect(plan.contains("would sign \(mirror.workspace.mirror)/\(Mirror.stage3) (gpg, changed)\n"))
    #expect(try mirror.run("digestgen").status == 0)
    #expect(try mirror.isSigned(Mirror.stage3))
  }

  @Test("a tarball of which only owner or mode changed keeps its signature")
  func sameContent() throws {
    let mirror = try Mirror()
    try #require(try mirror.run("digestgen").status == 0)
    let signature = mirror.content("\(Mirror.stage3).gpg")
    try mirror.workspace.shell("chmod 640 mirror/\(Mirror.stage3)")
    #expect(try !mirror.run("digestgen").text.contains("signed"))
    #expect(mirror.content("\(Mirror.stage3).gpg") == signature)
  }

  @Test(
    "a signature that was not made here is checked once, and made again if it is bad",
    arguments: [
      "echo junk > $file.gpg", "head -c 100000 /dev/zero > $file.gpg", ": > $file.gpg",
      "gpg --batch --quiet --homedir h --yes --output $file.gpg --detach-sign $file",
      "ln -sf ../../../../x.gpg $file.gpg", "ln -sf stage1-generic_64-std-2016-11-17.tar.xz.gpg $file.gpg",
    ], ["", "rm -rf state;"])
  func foreign(_ change: String, _ before: String) throws {
    let mirror = try Mirror()
    try #require(try mirror.run("digestgen").status == 0)
    _ = try mirror.makeOther()
    try mirror.workspace.shell("\(before) file=mirror/\(Mirror.stage3); \(change)")
    let run = try mirror.run("digestgen")
    #expect(run.status == 0, "\(run.errorText)")
    #expect(run.text.contains("signed \(mirror.workspace.mirror)/\(Mirror.stage3).gpg\n"), "\(run.text)")
    #expect(try mirror.isSigned(Mirror.stage3))
    #expect(try mirror.workspace.shell("find mirror -type l -name 'stage3-generic*'").text == "")
    #expect(try mirror.run("digestgen", "--dry-run").text == "")
    #expect(try mirror.run("verify").status == 0)
  }

  @Test("a tarball that contradicts its signature is signed again only if it was read here")
  func contradiction() throws {
    let mirror = try Mirror()
    try #require(try mirror.run("digestgen").status == 0)
    try mirror.workspace.shell("cp mirror/\(Mirror.stage1).gpg mirror/\(Mirror.stage3).gpg")
    try #require(try mirror.run("digestgen").status == 0)
    #expect(try mirror.isSigned(Mirror.stage3))
    try mirror.workspace.shell("rm -rf state; cp mirror/\(Mirror.stage1).gpg mirror/\(Mirror.stage3).gpg")
    for _ in 0..<2 {
      let run = try mirror.run("digestgen")
      #expect(run.status == 3)
      #expect(run.errorText.contains("/\(Mirror.stage3): does not match "), "\(run.errorText)")
    }
    #expect(try mirror.run("verify").status == 3)
    #expect(try mirror.run("digestgen").status == 0)
    #expect(try mirror.isSigned(Mirror.stage3))
  }

  @Test("a good signature that was not made here is kept, also in a format that is not requested")
  func adopted() throws {
    let mirror = try Mirror(.good, "formats: gpg asc")
    try #require(try mirror.run("digestgen").status == 0)
    let signatures = ["gpg", "asc"].map { mirror.content("\(Mirror.stage3).\($0)") }
    try mirror.configure([])
    try mirror.workspace.shell("rm -rf state")
    let plan = try mirror.run("digestgen", "--dry-run").text
    #expect(plan.contains("would check \(mirror.workspace.mirror)/\(Mirror.stage3).asc\n"), "\(plan)")
    #expect(try !mirror.run("digestgen").text.contains("signed"))
    #expect(try mirror.run("digestgen", "--dry-run").text == "")
    #expect(["gpg", "asc"].map { mirror.content("\(Mirror.stage3).\($0)") } == signatures)
    try mirror.workspace.shell("echo junk > mirror/\(Mirror.stage3).asc")
    #expect(try mirror.run("digestgen").status == 0)
    #expect(try mirror.isSigned(Mirror.stage3, ".asc"))
  }

  @Test("a bad signature of a digest file or an index is made again, and a link in place of one is replaced")
  func foreignOfOthers() throws {
    let mirror = try Mirror(.good, "what: tarballs digests index")
    try #require(try mirror.run("digestgen", "--format", "hash.txt,sums,digests").status == 0)
    try #require(try mirror.run("upkeep").status == 0)
    let files =
      ["\(Mirror.version)/SHA256SUMS", "index.xml"]
      + [".hash.txt", ".DIGESTS"].map { "\(Mirror.stage3)\($0)" }
    for change in ["echo junk > $file.gpg", "ln -sf x $file.gpg", "ln -sf /dev/null $file.gpg"] {
      for file in files { try mirror.workspace.shell("file=mirror/\(file); \(change)") }
      let run = try mirror.run("upkeep")
      #expect(run.status == 0, "\(run.errorText)")
      for file in files {
        #expect(try mirror.isSigned(file), "\(file)")
        #expect(
          try mirror.workspace.shell("stat -c '%F %a' mirror/\(file).gpg").text == "regular file 644\n")
      }
    }
    try mirror.workspace.shell("echo junk > mirror/index.xml.asc")
    #expect(try mirror.run("index").status == 0)
    #expect(!mirror.exists("index.xml.asc"))
  }

  @Test("links in place of digest files are replaced")
  func linkedDigests() throws {
    let mirror = try Mirror()
    try #require(try mirror.run("digestgen", "--format", "hash.txt,sums,digests").status == 0)
    let files = ["\(Mirror.stage3).hash.txt", "\(Mirror.stage3).DIGESTS", "\(Mirror.version)/SHA256SUMS"]
    let contents = files.map { mirror.content($0) }
    for file in files { try mirror.workspace.shell("ln -sf /dev/null mirror/\(file)") }
    let run = try mirror.run("digestgen", "--format", "hash.txt,sums,digests")
    #expect(run.status == 0, "\(run.errorText)")
    #expect(files.map { mirror.content($0) } == contents)
    #expect(try mirror.workspace.shell("find mirror/\(Mirror.version) -type l").text == "")
  }

  @Test("a tarball that is dated in the future is signed once")
  func future() throws {
    let mirror = try Mirror()
    try mirror.workspace.shell("touch -d 2099-01-01 mirror/\(Mirror.stage3)")
    try #require(try mirror.run("digestgen").status == 0)
    #expect(try mirror.isSigned(Mirror.stage3))
    #expect(try !mirror.run("digestgen").text.contains("signed"))
  }

  @Test("changing key and format leaves no signature by the old key, nor of the index")
  func otherFormat() throws {
    let mirror = try Mirror(.good, "what: tarballs digests index")
    try #require(try mirror.run("digestgen", "--format", "sums").status == 0)
    try #require(try mirror.run("upkeep").status == 0)
    let other = try mirror.makeOther()
    try mirror.write(
      """
      [section signing]
      key: \(other)
      homedir: \(mirror.workspace.path)/h
      formats: asc
      what: tarballs digests index
      """)
    #expect(try mirror.run("verify").status == 3)
    try #require(try mirror.run("digestgen", "--force").status == 0)
    try #require(try mirror.run("index").status == 0)
    let verified = try mirror.run("verify")
    #expect(verified.status == 0, "\(verified.text)\(verified.errorText)")
    for suffix in [".gpg", ".asc"] { #expect(try mirror.isSigned(Mirror.stage3, suffix, home: "h")) }
    #expect(try mirror.isSigned("index.xml", ".asc", home: "h") && !mirror.exists("index.xml.gpg"))
    try mirror.workspace.shell("echo garbage > mirror/index.xml.asc")
    #expect(try mirror.run("index").status == 0)
    #expect(try mirror.isSigned("index.xml", ".asc", home: "h"))
  }

  @Test("--force signs again, to change the signing key")
  func force() throws {
    let mirror = try Mirror()
    try #require(try mirror.run("digestgen").status == 0)
    let other = try mirror.makeOther()
    try mirror.configure([], key: other)
    try mirror.workspace.shell("sed -i 's|^homedir: .*|homedir: \(mirror.workspace.path)/h|' .metro")
    let forced = try mirror.run("digestgen", "--force", "\(mirror.workspace.mirror)/\(Mirror.version)")
    #expect(forced.status == 0, "\(forced.errorText)")
    #expect(try mirror.isSigned(Mirror.stage3, home: "h"))
    #expect(try mirror.isSigned(Mirror.snapshot, home: "g"))
  }

  @Test("digest files are signed, and signed again when they change; the Manifest does not list signatures")
  func digests() throws {
    let mirror = try Mirror(.good, "what: tarballs digests", "formats: asc")
    let formats = ["digestgen", "--format", "hash.txt,sums,digests,manifest"]
    let first = try mirror.workspace.run(mirror.workspace.command(formats))
    #expect(first.status == 0, "\(first.errorText)")
    let signed =
      ["\(Mirror.stage3).hash.txt", "\(Mirror.stage3).DIGESTS"]
      + ["SHA256SUMS", "Manifest"].map { "\(Mirror.version)/\($0)" }
    for file in signed { #expect(try mirror.isSigned(file, ".asc"), "\(file)") }
    #expect(
      String(decoding: mirror.content("\(Mirror.version)/Manifest") ?? Data(), as: UTF8.self)
        .contains("IGNORE Manifest.asc\n"))
    let second = try mirror.run("digestgen")
    #expect(second.text == "" && second.status == 0)
    try mirror.workspace.shell("echo other | xz > mirror/\(Mirror.stage3)")
    let third = try mirror.run("digestgen")
    #expect(third.status == 0)
    for file in signed { #expect(try mirror.isSigned(file, ".asc"), "\(file)") }
    #expect(!third.text.contains("stage1") && !third.text.contains("snapshots"))
    #expect(try mirror.run("digestgen").text == "")
  }

  @Test("without a key the signature of a changed tarball is removed, all others are kept")
  func stale() throws {
    let mirror = try Mirror(.good, "what: tarballs digests")
    try #require(try mirror.run("digestgen").status == 0)
    try mirror.write("")
    try mirror.workspace.shell(
      "touch mirror/\(Mirror.stage1); echo other | xz > mirror/\(Mirror.stage3)")
    let plan = try mirror.run("digestgen", "--dry-run").text
    #expect(
      plan.contains(
        "would remove \(mirror.workspace.mirror)/\(Mirror.stage3).gpg if the signed file has changed\n"))
    let run = try mirror.run("digestgen")
    #expect(run.status == 0)
    #expect(run.text.contains("removed \(mirror.workspace.mirror)/\(Mirror.stage3).gpg\n"))
    let left = try mirror.signatures()
    #expect(!left.contains { $0.contains("stage3") }, "nor a link to it")
    #expect(left.contains("\(Mirror.stage1).gpg") && left.contains("\(Mirror.snapshot).gpg"))
    #expect(try mirror.run("digestgen").text == "")
  }

  @Test("signatures of deleted files are removed")
  func orphans() throws {
    let mirror = try Mirror(.good, "what: tarballs digests", "formats: gpg asc")
    try #require(try mirror.run("digestgen", "--format", "hash.txt,digests,sums").status == 0)
    try mirror.workspace.shell(
      "rm mirror/\(Mirror.snapshot) mirror/\(Mirror.stage1).DIGESTS mirror/\(Mirror.version)/SHA256SUMS")
    try mirror.write("")
    // It was the only snapshot.
    try #require(try mirror.run("forget", "std/snapshots").status == 0)
    let run = try mirror.run("digestgen")
    #expect(run.status == 0, "\(run.errorText)")
    let left = try mirror.signatures()
    #expect(
      !left.contains {
        $0.hasPrefix("std/snapshots/portage")
          || $0.contains("/SHA256SUMS") == true
            && $0.hasPrefix(Mirror.version)
      })
    #expect(!left.contains { $0.hasPrefix("\(Mirror.stage1).DIGESTS") })
    #expect(left.contains("\(Mirror.stage1).gpg"))
  }

  @Test("corrupt, unfinished and uncompressed tarballs are never signed")
  func neverSigned() throws {
    let mirror = try Mirror()
    try mirror.write("")
    try #require(try mirror.run("digestgen").status == 0)
    try mirror.configure([])
    let lock = "mirror/std/x86-64bit/generic_64/.control/.multi_progress"
    try mirror.workspace.shell(
      """
      echo damaged | dd of=mirror/\(Mirror.snapshot) conv=notrunc status=none
      touch -d 2016-12-01 mirror/\(Mirror.snapshot)
      echo plain > mirror/std/snapshots/portage-2016-11-10.tar
      mkdir -p $(dirname \(lock)); echo \(getpid()) > \(lock); rm mirror/\(Mirror.version)/status
      """)
    #expect(try mirror.run("digestgen", "--force").status == 4)
    #expect(try mirror.signatures() == [])
    #expect(try mirror.run("digestgen").status == 4)
    try mirror.workspace.shell("rm \(lock); echo ok > mirror/\(Mirror.version)/status")
    #expect(try mirror.run("digestgen").status == 4)
    #expect(
      try mirror.signatures()
        == ["\(Mirror.link).gpg", "\(Mirror.stage1).gpg", "\(Mirror.stage3).gpg"].sorted())
  }

  @Test("clean removes a snapshot's signatures, including those of its digests")
  func clean() throws {
    let mirror = try Mirror(.good, "what: tarballs digests")
    try mirror.workspace.shell("echo newer | xz > mirror/std/snapshots/portage-2016-11-18.tar.xz")
    try #require(try mirror.run("digestgen", "--format", "hash.txt,digests,sums").status == 0)
    #expect(try mirror.run("clean", "--keep", "1", "--apply").status == 0)
    let names = try mirror.workspace.shell("ls mirror/std/snapshots").text
    #expect(!names.contains("2016-11-17") && !names.contains("SHA256SUMS.gpg"), "\(names)")
    #expect(try mirror.run("digestgen").status == 0)
    #expect(try mirror.isSigned("std/snapshots/SHA256SUMS"))
  }

  @Test("only the requested paths are signed")
  func paths() throws {
    let mirror = try Mirror(.good, "what: tarballs digests")
    try mirror.write("")
    try #require(try mirror.run("digestgen", "--format", "hash.txt,sums").status == 0)
    try mirror.configure(["what: tarballs digests"])
    #expect(try mirror.run("digestgen", "\(mirror.workspace.mirror)/\(Mirror.snapshot)").status == 0)
    let names = [".gpg", ".hash.txt.gpg"].map { "\(Mirror.snapshot)\($0)" }
    #expect(try mirror.signatures() == (names + ["std/snapshots/SHA256SUMS.gpg"]).sorted())
  }

  @Test("a home directory of gpg that others can read is reported, by digestgen once a day")
  func exposedHome() throws {
    let mirror = try Mirror()
    let message =
      "signing/homedir: \(mirror.workspace.path)/g is accessible to other users (mode 755): chmod 700 it"
    try #require(try !mirror.run("doctor").text.contains(message))
    try mirror.workspace.shell("chmod 755 g")
    #expect(try mirror.run("doctor").text.contains("warning: \(message)\n"))
    let show = try mirror.workspace.run([Program.path.string, "keys", "show"])
    #expect(show.status == 0 && show.errorText == "mirrorctl: \(message)\n", "\(show.errorText)")
    let first = try mirror.run("digestgen")
    #expect(first.status == 0 && first.errorText == "mirrorctl: \(message)\n", "\(first.errorText)")
    #expect(try mirror.run("digestgen").errorText == "")
  }

  @Test("a signature has the owner and mode of its tarball")
  func mode() throws {
    let mirror = try Mirror()
    try mirror.workspace.shell("chmod 640 mirror/\(Mirror.stage3)")
    try #require(try mirror.run("digestgen").status == 0)
    #expect(try mirror.workspace.shell("stat -c %a mirror/\(Mirror.stage3).gpg").text == "640\n")
  }

  @Test("upkeep also signs, and reports it")
  func upkeep() throws {
    let mirror = try Mirror()
    let run = try mirror.run("upkeep")
    #expect(run.status == 0)
    #expect(run.text.contains("digestgen: 3 digested (") && run.text.contains(", 3 signed, "))
  }
}

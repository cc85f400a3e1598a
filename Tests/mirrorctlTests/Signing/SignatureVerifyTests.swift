import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("verify with a key") struct SignatureVerifyTests {
  private typealias Mirror = SignedMirror

  /// The line for a tarball in the output of verify.
  private func verdict(_ path: String, _ text: String) -> String? {
    text.split(separator: "\n").first { $0.contains("/\(path) ") || $0.hasSuffix("/\(path)") }.map(
      String.init)
  }

  @Test("finds no problems after digestgen, and checks no signatures without a key")
  func well() throws {
    let mirror = try Mirror(.good, "what: tarballs digests", "formats: gpg asc")
    try #require(try mirror.run("digestgen", "--format", "hash.txt,sums").status == 0)
    let run = try mirror.run("verify")
    #expect(run.status == 0, "\(run.text)\(run.errorText)")
    #expect(run.text.hasSuffix("3 ok; read 3 files, \(run.text.split(separator: ", ").last ?? "")"))
    try mirror.workspace.shell("echo junk > mirror/\(Mirror.stage3).gpg")
    try mirror.write("")
    #expect(try mirror.run("verify").status == 0)
  }

  @Test("reports a signature of another file, one by another key, and a missing one")
  func wrong() throws {
    let mirror = try Mirror()
    try #require(try mirror.run("digestgen").status == 0)
    _ = try mirror.makeOther()
    try mirror.workspace.shell(
      """
      cp mirror/\(Mirror.stage1).gpg mirror/\(Mirror.stage3).gpg
      gpg --batch --quiet --homedir h --yes --output mirror/\(Mirror.stage1).gpg --detach-sign mirror/\(Mirror.stage1)
      rm mirror/\(Mirror.snapshot).gpg
      """)
    let run = try mirror.run("verify")
    #expect(run.status == 3)
    let stage3 = try #require(verdict(Mirror.stage3, run.text))
    #expect(stage3.hasPrefix("missigned ") && stage3.hasSuffix(".gpg does not match the file)"), "\(stage3)")
    let stage1 = try #require(verdict(Mirror.stage1, run.text))
    #expect(stage1.hasPrefix("missigned ") && stage1.contains(".gpg was made by another key, "), "\(stage1)")
    let snapshot = try #require(verdict(Mirror.snapshot, run.text))
    #expect(
      snapshot.hasPrefix("unsigned  ") && snapshot.contains("(missing portage-2016-11-17.tar.xz.gpg)"))
    #expect(run.text.contains("1 unsigned, 2 missigned"))
    #expect(try mirror.run("digestgen").status == 0)
    #expect(try mirror.run("verify").status == 0)
  }

  @Test("reports signatures with MD5 and SHA-1, and digestgen replaces them", arguments: ["MD5", "SHA1"])
  func weak(_ algorithm: String) throws {
    let mirror = try Mirror()
    try #require(try mirror.run("digestgen").status == 0)
    // gpg makes such signatures only with an RSA key.
    let key = try mirror.workspace.shell(
      """
      gpg="gpg --batch --quiet --no-tty --homedir r"; mkdir -m 700 r
      $gpg --pinentry-mode loopback --passphrase '' --quick-generate-key old@example.org rsa2048 sign never
      file=mirror/\(Mirror.stage3)
      $gpg --allow-weak-digest-algos --digest-algo \(algorithm) --yes --output $file.gpg --detach-sign $file
      $gpg --with-colons --list-keys | awk -F: '/^fpr/ { print $10; exit }'
      gpgconf --homedir r --kill all
      """
    ).text.split(separator: "\n").last.map(String.init)
    try mirror.configure([], key: key)
    try mirror.workspace.shell("sed -i 's|^homedir: .*|homedir: \(mirror.workspace.path)/r|' .metro")
    let run = try mirror.run("verify")
    #expect(run.status == 3)
    let name = algorithm == "SHA1" ? "SHA-1" : algorithm
    #expect(
      verdict(Mirror.stage3, run.text)?.hasSuffix(".gpg uses \(name), which is not secure)") == true,
      "\(run.text)")
    #expect(try mirror.run("digestgen").status == 0)
    #expect(try mirror.isSigned(Mirror.stage3, home: "r"))
    #expect(try mirror.run("verify").status == 0)
    try mirror.workspace.shell("gpgconf --homedir r --kill all")
  }

  @Test("detects a tarball and digests that were replaced together, by the old signature")
  func replacedTogether() throws {
    let mirror = try Mirror()
    try #require(try mirror.run("digestgen").status == 0)
    try mirror.workspace.shell(
      """
      rm -rf state; echo trojan | xz > mirror/\(Mirror.stage3)
      echo "sha256 $(sha256sum < mirror/\(Mirror.stage3) | cut -c1-64)" > mirror/\(Mirror.stage3).hash.txt
      """)
    let run = try mirror.run("verify")
    #expect(run.status == 3)
    #expect(verdict(Mirror.stage3, run.text)?.hasPrefix("missigned ") == true)
  }

  @Test("reports a corrupt tarball as corrupt, whatever its signature")
  func corrupt() throws {
    let mirror = try Mirror()
    try #require(try mirror.run("digestgen").status == 0)
    try mirror.workspace.shell(
      """
      echo damaged | dd of=mirror/\(Mirror.snapshot) conv=notrunc status=none
      touch -d 2016-12-01 mirror/\(Mirror.snapshot)
      """)
    let run = try mirror.run("verify")
    #expect(run.status == 4)
    #expect(verdict(Mirror.snapshot, run.text)?.hasPrefix("corrupt ") == true)
  }

  @Test("reports signatures by a key that has expired since")
  func expired() throws {
    let mirror = try Mirror(.expired)
    try mirror.workspace.shell(
      """
      for file in \(Mirror.tarballs.joined(separator: " ")); do
        gpg --batch --quiet --homedir g --faked-system-time '20160110T000000!' --detach-sign \
          --output mirror/$file.gpg mirror/$file
      done
      """)
    try mirror.write("")
    try #require(try mirror.run("digestgen").status == 0)
    try mirror.configure([])
    let run = try mirror.run("verify")
    #expect(run.status == 3)
    #expect(verdict(Mirror.stage3, run.text)?.contains(".gpg was made by an expired key)") == true)
  }

  @Test("reports digest files and an index with the signature of another file")
  func digestsAndIndex() throws {
    let mirror = try Mirror(.good, "what: tarballs digests index")
    try #require(try mirror.run("digestgen", "--format", "hash.txt,sums").status == 0)
    try mirror.workspace.shell(
      """
      echo '<subarches/>' > mirror/index.xml
      cp mirror/\(Mirror.stage1).hash.txt.gpg mirror/index.xml.gpg
      echo '# more' >> mirror/\(Mirror.version)/SHA256SUMS
      rm mirror/\(Mirror.stage1).hash.txt.gpg
      """)
    let run = try mirror.run("verify")
    #expect(run.status == 3)
    #expect(verdict("index.xml", run.text)?.hasPrefix("missigned ") == true)
    #expect(verdict("\(Mirror.version)/SHA256SUMS", run.text)?.hasPrefix("missigned ") == true)
    #expect(verdict("\(Mirror.stage1).hash.txt", run.text)?.hasPrefix("unsigned ") == true)
    let part = try mirror.run("verify", "\(mirror.workspace.mirror)/std/snapshots")
    #expect(part.status == 0, "\(part.text)")
  }

  @Test("reports once that it cannot check signatures, and still checks the digests")
  func cannot() throws {
    let mirror = try Mirror()
    try #require(try mirror.run("digestgen").status == 0)
    let run = try mirror.run("verify", environment: ["PATH=/nonexistent"])
    #expect(run.status == 3)
    #expect(run.errorText.hasPrefix("mirrorctl: gpg: not found"))
    #expect(run.errorText.split(separator: "\n").count == 1)
    #expect(run.text.contains("3 ok"))
  }

  @Test("needs no secret key")
  func publicOnly() throws {
    let mirror = try Mirror()
    try #require(try mirror.run("digestgen").status == 0)
    try mirror.workspace.shell(
      "mkdir -m 700 v; gpg --batch --quiet --homedir g --export | gpg --batch --quiet --homedir v --import 2> /dev/null"
    )
    try mirror.workspace.shell("sed -i 's|^homedir: .*|homedir: \(mirror.workspace.path)/v|' .metro")
    let run = try mirror.run("verify")
    #expect(run.status == 0, "\(run.text)\(run.errorText)")
  }
}

@Suite("keys") struct KeysTests {
  @Test("export writes the public key for downloaders, once")
  func export() throws {
    let mirror = try SignedMirror()
    try #require(try mirror.run("digestgen").status == 0)
    let run = try mirror.run("keys", "export")
    #expect(run.status == 0, "\(run.errorText)")
    #expect(run.text == "\(mirror.workspace.mirror)/signing-key.asc written\n")
    let judged = try mirror.workspace.shell(
      """
      gpg --dearmor < mirror/signing-key.asc > key.gpg
      gpgv --status-fd 1 --keyring ./key.gpg mirror/\(SignedMirror.stage3).gpg mirror/\(SignedMirror.stage3) 2> /dev/null
      gpg --show-keys --with-colons mirror/signing-key.asc 2> /dev/null
      """)
    #expect(judged.text.contains("VALIDSIG \(mirror.key) "))
    #expect(!judged.text.contains("\nsec:"))
    let again = try mirror.run("keys", "export")
    #expect(again.status == 0 && again.text == "")
    let standard = try mirror.run("keys", "export", "--output", "-")
    #expect(Data(standard.output) == mirror.content("signing-key.asc"))
    let file = try mirror.run("keys", "export", "--output", "\(mirror.workspace.path)/copy.asc", "--json")
    #expect(file.status == 0 && file.text.contains("\"changed\" : true"))
    // digestgen, index and verify ignore it.
    #expect(try mirror.run("digestgen").text == "")
    #expect(try mirror.run("verify").status == 0)
  }

  @Test("show prints whether the key can sign")
  func show() throws {
    func show(_ mirror: SignedMirror) throws -> Outcome {
      try mirror.workspace.run([Program.path.string, "keys", "show"])
    }
    let mirror = try SignedMirror()
    let good = try show(mirror)
    #expect(good.status == 0, "\(good.errorText)")
    #expect(
      good.text == """
        key: \(mirror.key)
        user: Release Engineering <g@example.org>
        expires: never
        state: usable
        secret: available

        """)
    let expired = try show(try SignedMirror(.expired))
    #expect(expired.status == 1 && expired.text.contains("expires: 2016-02-01\nstate: expired\n"))
    let absent = try show(try SignedMirror(.noSecret))
    #expect(absent.status == 1 && absent.text.contains("secret: missing\n"))
  }

  @Test("require a configured key")
  func noKey() throws {
    let mirror = try SignedMirror()
    try mirror.write("")
    let run = try mirror.run("keys", "export")
    #expect(run.status == 1)
    #expect(run.errorText.hasPrefix("mirrorctl: signing/key: is not set: set a key"))
  }

  @Test(
    "with invalid settings are reported",
    arguments: [
      ("key: DEADBEEF", "is a short id, which may not be unique: use the 40 or 64 digits"),
      ("key: 0x1234567812345678", "is a short id"),
      ("key: jane@example.org", "is not a fingerprint"),
      ("homedir: gnupg", "is not an absolute path"),
      ("formats: sig", "`sig` is not valid: use some of: gpg, asc"),
      ("formats:", "is empty"),
      ("what: everything", "use some of: tarballs, digests, index"),
      ("program: gpg2", "is not a setting of [section signing]"),
    ])
  func settings(line: String, message: String) throws {
    let mirror = try SignedMirror()
    try mirror.write("[section signing]\n\(line)")
    let run = try mirror.run("status")
    #expect(run.status == 1)
    #expect(run.errorText.contains(message), "\(run.errorText)")
  }
}

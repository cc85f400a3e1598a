import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("A key used for years") struct KeyLifeTests {
  private typealias Mirror = SignedMirror
  private let mirror: SignedMirror
  /// Makes a primary key of 2016 that can only certify.
  private let key: String

  init() throws {
    mirror = try Mirror()
    let made = try mirror.workspace.shell(
      """
      mkdir -m 700 h
      \(Self.gpg)
      g --faked-system-time '20160101T000000!' --quick-generate-key 'Keeper <keeper@example.org>' ed25519 cert never
      g --with-colons --list-keys | awk -F: '/^fpr/ { print $10; exit }'
      """)
    key = made.text.filter(\.isHexDigit)
    try configure()
  }

  private static let gpg =
    "g() { gpg --batch --quiet --no-tty --homedir h --pinentry-mode loopback --passphrase '' \"$@\" 2> gpg.log; }"

  private func shell(_ script: String) throws -> String {
    try mirror.workspace.shell("\(Self.gpg)\nkey=\(key)\n\(script)").text
  }

  private func configure() throws {
    try mirror.write("[section signing]\nkey: \(key)\nhomedir: \(mirror.workspace.path)/h")
  }

  /// Adds a subkey of 2016 that has expired since, with its signatures of these files from that time.
  private func signByExpiredSubkey(_ files: [String]) throws {
    _ = try shell(
      """
      g --faked-system-time '20160101T000100!' --quick-add-key $key ed25519 sign 2016-06-01
      for file in \(files.joined(separator: " ")); do
        g --faked-system-time '20160201T000000!' --output mirror/$file.gpg --detach-sign mirror/$file
      done
      """)
  }

  private func addSubkey(_ expiry: String = "never") throws {
    _ = try shell("g --quick-add-key $key ed25519 sign \(expiry)")
  }

  /// Makes all digests of the mirror, without signatures.
  private func digest() throws {
    try mirror.write("")
    try #require(try mirror.run("digestgen", "--quiet").status == 0)
    try configure()
  }

  @Test("export includes an expired subkey, and leaves out third-party signatures")
  func export() throws {
    try signByExpiredSubkey([Mirror.stage3])
    try addSubkey()
    _ = try shell(
      """
      g --quick-generate-key 'Friend <friend@example.org>' ed25519 cert never
      friend=$(g --with-colons --list-keys friend@ | awk -F: '/^fpr/ { print $10; exit }')
      g --yes --default-key $friend --quick-sign-key $key
      """)
    let run = try mirror.run("keys", "export", "--output", "\(mirror.workspace.path)/key.asc")
    #expect(run.status == 0, "\(run.errorText)")
    let judged = try shell(
      """
      gpg --dearmor < key.asc > key.gpg
      gpgv --status-fd 1 --keyring ./key.gpg mirror/\(Mirror.stage3).gpg mirror/\(Mirror.stage3) 2> /dev/null || :
      gpg --list-packets key.asc | grep -c '^:signature packet'
      """)
    #expect(judged.contains("VALIDSIG"), "\(judged)")
    // A self-signature, and one per subkey.
    #expect(judged.split(separator: "\n").last == "3")
  }

  @Test("verify reports a signature by an expired subkey, and does not fail")
  func verify() throws {
    try digest()
    try signByExpiredSubkey(Mirror.tarballs)
    try addSubkey()
    let run = try mirror.run("verify")
    #expect(run.status == 0, "\(run.text)\(run.errorText)")
    #expect(run.text.contains(".tar.xz.gpg was made by an expired subkey"), "\(run.text)")
    let quiet = try mirror.run("verify", "--quiet")
    #expect(quiet.status == 0 && quiet.text == "" && quiet.errorText == "")
    // A signature of another file is still an error.
    try mirror.workspace.shell("cp mirror/\(Mirror.stage1).gpg mirror/\(Mirror.stage3).gpg")
    #expect(try mirror.run("verify").status == 3)
  }

  @Test("upkeep renews a few signatures per run, until all are by the current subkey")
  func renewal() throws {
    let more = (0..<25).map { "std/snapshots/tree-20\(String(format: "%02d", $0))-01-01.tar.xz" }
    for path in more {
      try mirror.workspace.shell("echo \(path) | xz > mirror/\(path); touch -d 2016-12-01 mirror/\(path)")
    }
    try digest()
    try signByExpiredSubkey(Mirror.tarballs + more)
    // Nothing is renewed if no key can sign.
    #expect(try !mirror.run("upkeep").text.contains("signed"))
    try addSubkey()
    let plan = try mirror.run("digestgen", "--dry-run")
    #expect(plan.text.matches(of: /would sign .* \(gpg, expired\)/).count == 20, "\(plan.text)")
    for expected in ["20 signed", "8 signed"] {
      let run = try mirror.run("upkeep")
      #expect(run.status == 0 && run.text.contains(expected), "\(run.text)\(run.errorText)")
    }
    let last = try mirror.run("upkeep")
    #expect(last.text == "" && last.errorText == "")
    for path in more + Mirror.tarballs { #expect(try mirror.isSigned(path, home: "h")) }
    #expect(try !mirror.run("verify").text.contains("expired subkey"))
  }

  @Test("the index is signed again at once if its signature is by an expired subkey")
  func index() throws {
    try mirror.write("")
    try #require(try mirror.run("index").status == 0)
    try signByExpiredSubkey(["index.xml"])
    try configure()
    #expect(try mirror.run("index").status == 0, "it is kept if no key can sign")
    try addSubkey()
    let run = try mirror.run("index")
    #expect(run.status == 0, "\(run.errorText)")
    let judged = try shell(
      """
      g --export > h/all.gpg
      gpgv --status-fd 1 --keyring ./h/all.gpg mirror/index.xml.gpg mirror/index.xml 2> /dev/null
      """)
    #expect(judged.contains("GOODSIG") && !judged.contains("EXPKEYSIG"), "\(judged)")
  }

  @Test("show and doctor report a key that can only certify, and an expired signing subkey")
  func states() throws {
    func show() throws -> Outcome { try mirror.workspace.run([Program.path.string, "keys", "show"]) }
    let bare = try show()
    #expect(bare.status == 1 && bare.text.contains("\nstate: certify only\n"), "\(bare.text)")
    try signByExpiredSubkey([])
    let expired = try show()
    #expect(
      expired.status == 1 && expired.text.contains("\nstate: signing subkey expired\n"), "\(expired.text)")
    #expect(expired.text.contains("\nsigns until: 2016-06-01\n"))
    let signing = try mirror.run("digestgen")
    #expect(signing.status == 3)
    #expect(signing.errorText.contains("the signing subkey of \(key) has expired"), "\(signing.errorText)")
    let doctor = try mirror.run("doctor")
    #expect(
      doctor.text.contains("warning: signing/key: the signing subkey of \(key) has expired"), "\(doctor.text)"
    )
    #expect(try check().errorText.contains("the signing subkey of \(key) has expired"))
    try addSubkey()
    let good = try show()
    #expect(good.status == 0 && good.text.contains("\nstate: usable\n"), "\(good.text)")
    #expect(try mirror.run("doctor").text.contains("ok: signing/key: "))
    // The secret part of the signing subkey is required.
    _ = try shell(
      """
      grip=$(g --with-colons --with-keygrip --list-keys | awk -F: '/^grp/ { grip = $10 } END { print grip }')
      rm h/private-keys-v1.d/$grip.key
      """)
    let absent = try show()
    #expect(absent.status == 1 && absent.text.contains("\nsecret: missing\n"), "\(absent.text)")
  }

  private func check() throws -> Outcome {
    try mirror.workspace.run([Program.path.string, "config", "check"])
  }

  @Test("a warning is printed from 30 days before expiry: by upkeep once per day, by other verbs always")
  func warning() throws {
    try mirror.workspace.shell("echo 'path/mirror: \(mirror.workspace.mirror)' >> .metro")
    try mirror.write(
      "path/mirror: \(mirror.workspace.mirror)\n[section signing]\nkey: \(key)\nhomedir: \(mirror.workspace.path)/h"
    )
    try addSubkey("10d")
    let message = "mirrorctl: signing/key: the signing subkey of \(key) expires on "
    let first = try mirror.run("upkeep", "--quiet")
    #expect(first.status == 0 && first.errorText.hasPrefix(message), "\(first.errorText)")
    #expect(first.errorText.contains("gpg --quick-set-expire"))
    #expect(try mirror.run("upkeep", "--quiet").errorText == "")
    #expect(
      try mirror.run("doctor").text.contains("warning: signing/key: the signing subkey of \(key) expires on ")
    )
    let checked = try check()
    #expect(
      checked.status == 0 && checked.text.contains("the signing subkey of \(key) expires on "),
      "\(checked.text)")
    let shown = try mirror.workspace.run([Program.path.string, "keys", "show"])
    #expect(shown.status == 0 && shown.errorText.hasPrefix(message), "\(shown.errorText)")
    let metrics = try mirror.run("status", "--format", "prometheus")
    let end = try shell("g --with-colons --list-keys | awk -F: '/^sub/ { print $7 }'").filter(\.isNumber)
    #expect(
      metrics.text.contains(
        "\nmirrorctl_key_expires_seconds{mirror=\"\(mirror.workspace.mirror)\",key=\"\(key)\"} \(end)\n"),
      "\(metrics.text)")
    _ = try shell("g --quick-set-expire $key 2y '*'")
    #expect(try mirror.run("doctor").text.contains("ok: signing/key: "))
  }

  @Test("upkeep updates the published key after it is extended, and does not change other keys")
  func refresh() throws {
    try addSubkey("1y")
    #expect(try mirror.run("upkeep").status == 0)
    #expect(!mirror.exists("signing-key.asc"), "it was not requested")
    try #require(try mirror.run("keys", "export").status == 0)
    let old = mirror.content("signing-key.asc")
    #expect(try mirror.run("upkeep").text == "")
    #expect(mirror.content("signing-key.asc") == old)
    _ = try shell("g --quick-set-expire $key 5y '*'")
    let run = try mirror.run("upkeep")
    #expect(
      run.status == 0 && run.text.contains("keys: signing-key.asc written"), "\(run.text)\(run.errorText)")
    let new = mirror.content("signing-key.asc")
    #expect(new != nil && new != old)
    #expect(try mirror.run("keys", "export").text == "")
    // Another key, and a file that is not a key.
    for text in [try shell("gpg --batch --homedir g --armor --export"), "not a key\n"] {
      try Data(text.utf8).write(to: URL(fileURLWithPath: "\(mirror.workspace.mirror)/signing-key.asc"))
      #expect(try mirror.run("upkeep").status == 0)
      #expect(mirror.content("signing-key.asc") == Data(text.utf8))
    }
    // A newer copy than in the keyring must not be replaced by an older one.
    try new?.write(to: URL(fileURLWithPath: "\(mirror.workspace.mirror)/signing-key.asc"))
    _ = try shell("g --quick-set-expire $key 2y '*'")
    #expect(try mirror.run("upkeep").status == 0)
    #expect(mirror.content("signing-key.asc") == new)
  }
}
